# SPDX-License-Identifier: Apache-2.0
# proof: the device under test, which docs/PROTOCOL.md is about.

include(build_id)

kws_add_firmware(proof "${KWS_PROBE_SOURCE}" "${KWS_FIRMWARE_DIR}/boards/common/semihosting.c")
if(KWS_BOARD_RUN_KIND STREQUAL "qemu")
    target_compile_definitions(proof PRIVATE KWS_SEMIHOSTING)
endif()
foreach(name app/proof app/proof_line app/proof_microphone app/reply app/line line/packed line/rate
        microphone/listening microphone/recording protocol/stopwatch protocol/transfer protocol/clip_file
        protocol/request protocol/message protocol/frame protocol/crc32)
    target_sources(proof PRIVATE "${KWS_FIRMWARE_DIR}/${name}.c")
endforeach()
target_compile_definitions(proof PRIVATE KWS_ENGINE="${ENGINE}")
target_compile_options(proof PRIVATE -fno-jump-tables) # as kws_board
target_link_libraries(proof PRIVATE kws_listener)

set(proof_folders app line microphone protocol listener frontend hal kernels model cmake toolchains boards/common)
list(TRANSFORM proof_folders PREPEND "${KWS_FIRMWARE_DIR}/")
foreach(source ${KWS_BOARD_SOURCES} "${KWS_PROBE_SOURCE}" "${KWS_BOARD_DIR}/board.json") # and what lies beside it
    get_filename_component(folder "${source}" DIRECTORY)
    list(APPEND proof_folders "${folder}")
endforeach()
list(REMOVE_DUPLICATES proof_folders)
list(TRANSFORM proof_folders APPEND "/*")
file(GLOB_RECURSE proof_files CONFIGURE_DEPENDS ${proof_folders})
list(TRANSFORM model_files PREPEND "${MODEL}/" OUTPUT_VARIABLE proof_model_files)
kws_add_build_id(proof ${proof_files} ${proof_model_files} ${tflm_library})
