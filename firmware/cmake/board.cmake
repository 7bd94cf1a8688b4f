# SPDX-License-Identifier: Apache-2.0
# Reads firmware/boards/<BOARD>/board.json into KWS_BOARD_* and picks the compiler.
# docs/ADD_A_BOARD.md describes the file; hil/boards/board.py checks it more closely.

get_filename_component(KWS_FIRMWARE_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(BOARD "" CACHE STRING "Board to build for: a folder of BOARD_DIR with a board.json")
set(BOARD_DIR "${KWS_FIRMWARE_DIR}/boards" CACHE PATH "Folder of the boards: Earshot's, or one of your own")
get_filename_component(BOARD_DIR "${BOARD_DIR}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")

# kws_check_place(VARIABLE): refuses a path that CMake, make or the compiler would take apart.
function(kws_check_place variable)
    if("${${variable}}" MATCHES "[][;$#%&*?<>|\"'`\\\n]")
        message(FATAL_ERROR "${variable} ${${variable}} has '${CMAKE_MATCH_0}' in it, which build tools misread; "
            "rename the folder, or build with: earshot build, which copes with any name")
    endif()
endfunction()

kws_check_place(BOARD_DIR)
kws_check_place(CMAKE_BINARY_DIR)

file(GLOB board_files RELATIVE "${BOARD_DIR}" "${BOARD_DIR}/*/board.json")
list(SORT board_files)
list(TRANSFORM board_files REPLACE "/board.json$" "")
list(JOIN board_files ", " known_boards)
if(NOT BOARD)
    message(FATAL_ERROR "no board chosen; say -DBOARD=<board>, one of: ${known_boards}")
endif()
if(NOT BOARD IN_LIST board_files)
    message(FATAL_ERROR "board '${BOARD}' is not known; known: ${known_boards}. docs/ADD_A_BOARD.md tells how to add one")
endif()

# CMake keeps the compiler that a build folder began with.
if(KWS_CONFIGURED_BOARD AND NOT KWS_CONFIGURED_BOARD STREQUAL BOARD)
    message(FATAL_ERROR "${CMAKE_BINARY_DIR} is of board ${KWS_CONFIGURED_BOARD}, found -DBOARD=${BOARD}; "
        "name another folder with -B, or remove this one")
endif()

set(KWS_BOARD_DIR "${BOARD_DIR}/${BOARD}")

# kws_read(VARIABLE KEY...): one value; kws_read_list(VARIABLE KEY): an array as a CMake list. Of the file that
# kws_open(FILE PAGE) has read; PAGE describes it.
function(kws_open file page)
    set(KWS_FILE "${file}" PARENT_SCOPE)
    set(KWS_FILE_PAGE "${page}" PARENT_SCOPE)
    file(READ "${file}" json)
    set(KWS_FILE_JSON "${json}" PARENT_SCOPE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
endfunction()

function(kws_read variable)
    string(JSON value ERROR_VARIABLE mistake GET "${KWS_FILE_JSON}" ${ARGN})
    if(mistake)
        message(FATAL_ERROR "${KWS_FILE}: ${mistake}; ${KWS_FILE_PAGE} describes the file")
    endif()
    set(${variable} "${value}" PARENT_SCOPE)
endfunction()

function(kws_read_list variable key)
    kws_read(array ${key})
    string(JSON length LENGTH "${array}")
    set(values "")
    set(i 0)
    while(i LESS length)
        string(JSON value GET "${array}" ${i})
        list(APPEND values "${value}")
        math(EXPR i "${i} + 1")
    endwhile()
    set(${variable} "${values}" PARENT_SCOPE)
endfunction()

# kws_board_file(VARIABLE NAME): a file beside board.json, else seen from a board of Earshot's: all have ../common.
function(kws_board_file variable name)
    get_filename_component(path "${KWS_BOARD_DIR}/${name}" ABSOLUTE)
    if(NOT EXISTS "${path}")
        get_filename_component(path "${KWS_FIRMWARE_DIR}/boards/${BOARD}/${name}" ABSOLUTE)
    endif()
    set(${variable} "${path}" PARENT_SCOPE)
endfunction()

kws_open("${KWS_BOARD_DIR}/board.json" docs/ADD_A_BOARD.md)
kws_read(KWS_BOARD_CPU cpu)
kws_read_list(KWS_BOARD_FLAGS flags)
kws_read(KWS_BOARD_RUN_KIND run kind)
kws_read_list(sources sources)
set(KWS_BOARD_SOURCES "")
foreach(source ${sources})
    kws_board_file(path "${source}")
    list(APPEND KWS_BOARD_SOURCES "${path}")
endforeach()
if(NOT KWS_BOARD_CPU STREQUAL "host")
    kws_read(KWS_BOARD_FLASH_BYTES flash_bytes)
    kws_read(KWS_BOARD_RAM_BYTES ram_bytes)
    kws_read(KWS_BOARD_STACK_BYTES stack_bytes)
    kws_read(linker_script linker_script)
    kws_board_file(KWS_BOARD_LINKER_SCRIPT "${linker_script}")
    kws_read(KWS_BOARD_BAUD uart baud)
    string(JSON KWS_BOARD_CORE_HZ ERROR_VARIABLE unnamed GET "${KWS_FILE_JSON}" core_hz)
    if(unnamed)
        set(KWS_BOARD_CORE_HZ 0)
    endif()
    string(JSON toolchain ERROR_VARIABLE unnamed GET "${KWS_FILE_JSON}" toolchain)
    if(unnamed)
        set(toolchain arm-none-eabi)
    endif()
    include(toolchain)
endif()
set(KWS_CONFIGURED_BOARD "${BOARD}" CACHE INTERNAL "Board of this build folder")
