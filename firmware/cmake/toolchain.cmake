# SPDX-License-Identifier: Apache-2.0
# Reads firmware/toolchains/<toolchain>.json into KWS_TOOLCHAIN_* and makes sure that compiler and C library are
# there. hil/boards/toolchain.py reads the same files; docs/ADD_A_BOARD.md describes them.

file(GLOB toolchain_files RELATIVE "${KWS_FIRMWARE_DIR}/toolchains" "${KWS_FIRMWARE_DIR}/toolchains/*.json")
list(TRANSFORM toolchain_files REPLACE "[.]json$" "")
if(NOT toolchain IN_LIST toolchain_files)
    list(JOIN toolchain_files ", " known_toolchains)
    message(FATAL_ERROR "${KWS_FILE}: toolchain '${toolchain}' is not known; known: ${known_toolchains}")
endif()
kws_open("${KWS_FIRMWARE_DIR}/toolchains/${toolchain}.json" docs/ADD_A_BOARD.md)
kws_read(KWS_TOOLCHAIN_PREFIX prefix)
kws_read(KWS_TOOLCHAIN_CORE machine_code)
kws_read(KWS_TOOLCHAIN_SPECS specs)
kws_read(KWS_TOOLCHAIN_PROBE probe)
kws_read_list(toolchain_flags flags)
kws_read(library library)
kws_read(packages packages)
kws_read(library_package library_package)
list(APPEND KWS_BOARD_FLAGS ${toolchain_flags})

set(gcc "${KWS_TOOLCHAIN_PREFIX}gcc")
find_program(KWS_CROSS_GCC "${gcc}")
if(NOT KWS_CROSS_GCC)
    message(FATAL_ERROR "${gcc} is not on the PATH; install it, on Debian or Ubuntu: "
        "sudo apt-get install ${packages}")
endif()
execute_process(COMMAND "${KWS_CROSS_GCC}" "-print-file-name=${KWS_TOOLCHAIN_SPECS}"
    OUTPUT_VARIABLE specs OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT IS_ABSOLUTE "${specs}")
    message(FATAL_ERROR "${gcc} is there, but its C library ${library} is not; install it, "
        "on Debian or Ubuntu: sudo apt-get install ${library_package}")
endif()
set(CMAKE_TOOLCHAIN_FILE "${KWS_FIRMWARE_DIR}/cmake/cross.cmake")
