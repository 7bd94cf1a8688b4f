# kws_engine: the generated straight-line C and the kernels it calls.

file(GLOB kernel_sources CONFIGURE_DEPENDS "${KWS_FIRMWARE_DIR}/kernels/*.c")
kws_add_library(kws_engine "${MODEL}/engine.c" ${kernel_sources})
