# SPDX-License-Identifier: Apache-2.0
# kws_add_build_id(TARGET SOURCE...): build_id.h for a program: KWS_BUILD_ID, a hash of all that it is made of.
#
# The same contents, board, engine and compiler give the same id, in any place and without git; any change
# gives another. Run as a script, this file writes the header.

if(CMAKE_SCRIPT_MODE_FILE)
    set(facts "")
    file(STRINGS "${SOURCES}" sources)
    foreach(source ${sources})
        file(SHA256 "${source}" hash)
        get_filename_component(name "${source}" NAME)
        list(APPEND facts "${name}=${hash}")
    endforeach()
    list(SORT facts) # not the paths, whose order depends on where the folders are
    string(SHA256 id "${FACTS} ${facts}")
    string(SUBSTRING "${id}" 0 16 id)
    file(WRITE "${HEADER}" "#define KWS_BUILD_ID \"${id}\"\n")
    return()
endif()

set(KWS_BUILD_ID_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(kws_add_build_id target)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}_build_id")
    list(JOIN ARGN "\n" lines)
    file(GENERATE OUTPUT "${folder}/sources.txt" CONTENT "${lines}\n")
    list(JOIN KWS_BOARD_FLAGS " " flags)
    add_custom_command(OUTPUT "${folder}/build_id.h"
        COMMAND "${CMAKE_COMMAND}" "-DSOURCES=${folder}/sources.txt" "-DHEADER=${folder}/build_id.h"
            "-DFACTS=${BOARD} ${ENGINE} ${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${flags}"
            -P "${KWS_BUILD_ID_SCRIPT}"
        DEPENDS ${ARGN} "${folder}/sources.txt" "${KWS_BUILD_ID_SCRIPT}" VERBATIM)
    target_sources(${target} PRIVATE "${folder}/build_id.h")
    target_include_directories(${target} PRIVATE "${folder}")
endfunction()
