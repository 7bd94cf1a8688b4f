# SPDX-License-Identifier: Apache-2.0
# kws_engine: the generated straight-line C and the kernels it calls.

file(GLOB kernel_sources CONFIGURE_DEPENDS "${KWS_FIRMWARE_DIR}/kernels/*.c")
set(KWS_ENGINE_SOURCE "${MODEL}/engine.c")
# Kernels are written such that what they need at a time fits into the registers; GCC's scheduling
# before it allocates them moves loads forward, and then it does not (ADR 11).
set(KWS_ENGINE_OPTIONS -fno-schedule-insns)
kws_add_library(kws_engine "${KWS_ENGINE_SOURCE}" "${KWS_FIRMWARE_DIR}/model/compiled.c" ${kernel_sources})
target_compile_options(kws_engine PRIVATE ${KWS_ENGINE_OPTIONS})
