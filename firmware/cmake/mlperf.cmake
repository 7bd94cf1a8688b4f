# SPDX-License-Identifier: Apache-2.0
# mlperf: the program that the runner of MLPerf Tiny can drive, docs/MLPERF_TINY.md. It needs no run folder.

kws_add_firmware(mlperf "${KWS_FIRMWARE_DIR}/app/mlperf.c" "${KWS_FIRMWARE_DIR}/app/print.c")
target_link_libraries(mlperf PRIVATE kws_engine)
if("kws_settings.c" IN_LIST model_files)
    target_compile_definitions(mlperf PRIVATE KWS_HAS_FRONT_END)
endif()
