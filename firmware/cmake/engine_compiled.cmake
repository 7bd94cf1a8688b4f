# SPDX-License-Identifier: Apache-2.0
# kws_engine: the generated straight-line C and the kernels it calls.

file(GLOB kernel_sources CONFIGURE_DEPENDS "${KWS_FIRMWARE_DIR}/kernels/*.c")
set(KWS_ENGINE_SOURCE "${MODEL}/engine.c")
kws_add_library(kws_engine "${KWS_ENGINE_SOURCE}" "${KWS_FIRMWARE_DIR}/model/compiled.c" ${kernel_sources})
