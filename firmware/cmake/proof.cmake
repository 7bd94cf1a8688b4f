# SPDX-License-Identifier: Apache-2.0
# proof: the device under test, which docs/PROTOCOL.md is about.

include(build_id)

if(KWS_BOARD_CPU STREQUAL "host")
    set(probe "${KWS_FIRMWARE_DIR}/boards/host/probe.c")
else()
    set(probe "${KWS_FIRMWARE_DIR}/boards/common/probe.c")
endif()
if(KWS_BOARD_RUN_KIND STREQUAL "qemu")
    set(semihosting "${KWS_FIRMWARE_DIR}/boards/common/semihosting.c")
else()
    set(semihosting "${KWS_FIRMWARE_DIR}/boards/common/no_semihosting.c")
endif()
kws_add_firmware(proof "${KWS_FIRMWARE_DIR}/app/proof.c" "${KWS_FIRMWARE_DIR}/app/line.c" "${probe}" "${semihosting}")
foreach(name stopwatch transfer clip_file recording request message frame crc32)
    target_sources(proof PRIVATE "${KWS_FIRMWARE_DIR}/protocol/${name}.c")
endforeach()
target_compile_definitions(proof PRIVATE KWS_ENGINE="${ENGINE}")
target_compile_options(proof PRIVATE -fno-jump-tables) # hil/boards/stack.py follows no branch that is computed
target_link_libraries(proof PRIVATE kws_listener)

file(GLOB_RECURSE proof_files CONFIGURE_DEPENDS
    "${KWS_FIRMWARE_DIR}/app/*" "${KWS_FIRMWARE_DIR}/protocol/*" "${KWS_FIRMWARE_DIR}/listener/*"
    "${KWS_FIRMWARE_DIR}/frontend/*" "${KWS_FIRMWARE_DIR}/hal/*"
    "${KWS_FIRMWARE_DIR}/kernels/*" "${KWS_FIRMWARE_DIR}/model/*" "${KWS_FIRMWARE_DIR}/cmake/*"
    "${KWS_FIRMWARE_DIR}/boards/common/*" "${KWS_BOARD_DIR}/*")
list(TRANSFORM model_files PREPEND "${MODEL}/" OUTPUT_VARIABLE proof_model_files)
kws_add_build_id(proof ${proof_files} ${proof_model_files} ${tflm_library})
