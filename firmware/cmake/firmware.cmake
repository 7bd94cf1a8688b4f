# SPDX-License-Identifier: Apache-2.0
# kws_add_firmware(NAME SOURCE...): a program for the board, in the build folder as NAME (an ELF file).

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
option(SANITIZE "host only: stop at undefined behaviour and bad addresses" OFF)

# How to compile and link for the board.
add_library(kws_board_interface INTERFACE)
target_include_directories(kws_board_interface INTERFACE
    "${KWS_FIRMWARE_DIR}/hal" "${KWS_FIRMWARE_DIR}/app" "${KWS_FIRMWARE_DIR}/boards/common")
target_compile_definitions(kws_board_interface INTERFACE KWS_BOARD_ID="${BOARD}")
target_compile_options(kws_board_interface INTERFACE
    ${KWS_BOARD_FLAGS} -Wall -Wextra -Wconversion -Werror -ffunction-sections -fdata-sections)
target_link_options(kws_board_interface INTERFACE ${KWS_BOARD_FLAGS} -Wl,--gc-sections)

# Measures on the board's core.
if(KWS_BOARD_CPU STREQUAL "host")
    set(KWS_PROBE_SOURCE "${KWS_FIRMWARE_DIR}/boards/host/probe.c")
else()
    set(KWS_PROBE_SOURCE "${KWS_FIRMWARE_DIR}/${KWS_TOOLCHAIN_PROBE}")
endif()

# The board once, for all programs; an object library, so that its vector table is always linked.
add_library(kws_board OBJECT ${KWS_BOARD_SOURCES})
target_link_libraries(kws_board PUBLIC kws_board_interface)
target_compile_options(kws_board PRIVATE -fno-jump-tables) # hil/boards/stack.py follows no branch that is computed

if(KWS_BOARD_CPU STREQUAL "host")
    if(SANITIZE)
        set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all)
        target_compile_options(kws_board_interface INTERFACE ${sanitizers})
        target_link_options(kws_board_interface INTERFACE ${sanitizers})
    endif()
else()
    string(REPLACE ":" ";" usb "${KWS_BOARD_USB}")
    list(GET usb 0 usb_vendor)
    list(GET usb 1 usb_product)
    target_compile_definitions(kws_board_interface INTERFACE
        KWS_USB_VENDOR=0x${usb_vendor}u KWS_USB_PRODUCT=0x${usb_product}u
        KWS_UART_BAUD=${KWS_BOARD_BAUD}u KWS_CORE_HZ=${KWS_BOARD_CORE_HZ}u)
    target_compile_options(kws_board_interface INTERFACE "--specs=${KWS_TOOLCHAIN_SPECS}") # finds headers, too
    # The linker checks the budgets of board.json and reports what is used of them.
    target_link_options(kws_board_interface INTERFACE
        -nostartfiles "--specs=${KWS_TOOLCHAIN_SPECS}"
        "-L${KWS_FIRMWARE_DIR}/boards/common" "-L${KWS_FIRMWARE_DIR}/boards" "-T${KWS_BOARD_LINKER_SCRIPT}"
        -Wl,--defsym=KWS_FLASH_BYTES=${KWS_BOARD_FLASH_BYTES}
        -Wl,--defsym=KWS_RAM_BYTES=${KWS_BOARD_RAM_BYTES}
        -Wl,--defsym=KWS_STACK_BYTES=${KWS_BOARD_STACK_BYTES}
        -Wl,--print-memory-usage)
endif()

function(kws_add_firmware name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE kws_board)
    if(NOT KWS_BOARD_CPU STREQUAL "host")
        # Relative to the build folder, where the linker runs: GCC splits -Wl, at commas, also those of a path.
        target_link_options(${name} PRIVATE "-Wl,-Map=${name}.map")
        set_target_properties(${name} PROPERTIES LINK_DEPENDS
            "${KWS_BOARD_LINKER_SCRIPT};${KWS_FIRMWARE_DIR}/boards/common/sections.ld;${KWS_FIRMWARE_DIR}/boards/rp2/sections.ld")
    endif()
endfunction()

kws_add_firmware(selftest "${KWS_FIRMWARE_DIR}/app/selftest.c" "${KWS_FIRMWARE_DIR}/app/print.c")
include(model) # the programs that have one
