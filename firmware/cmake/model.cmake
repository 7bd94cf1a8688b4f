# SPDX-License-Identifier: Apache-2.0
# What runs the model of -DMODEL=<run folder>/c, behind firmware/model/model.h, and the front end for it.

set(MODEL "" CACHE PATH "Generated sources of a model: the folder c of a run folder")
set(ENGINE compiled CACHE STRING "What runs the model: compiled (needs nothing) or tflm (needs TFLM_ROOT)")
set(known_engines compiled tflm)
set_property(CACHE ENGINE PROPERTY STRINGS ${known_engines})

if(NOT MODEL)
    message(STATUS "no model chosen: only the self-test is built; say -DMODEL=<run folder>/c for the rest")
    return()
endif()
get_filename_component(MODEL "${MODEL}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
kws_check_place(MODEL)
get_filename_component(model_folder "${MODEL}" NAME)
get_filename_component(model_run "${MODEL}" DIRECTORY)
if(model_folder STREQUAL "c")
    set(model_remedy "make it with: earshot codegen ${model_run}")
else()
    set(model_remedy "expected the folder c of a run folder, such as out/yes_no/c")
endif()
# codegen writes what it made into the manifest, which train/core/manifest.py describes.
set(model_manifest "${MODEL}/manifest.json")
if(NOT EXISTS "${model_manifest}")
    message(FATAL_ERROR "${MODEL} has no manifest.json; ${model_remedy}")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${model_manifest}")
file(READ "${model_manifest}" manifest)
string(JSON manifest_version ERROR_VARIABLE mistake GET "${manifest}" format_version)
if(NOT manifest_version STREQUAL "1")
    message(FATAL_ERROR "${model_manifest}: format version ${manifest_version}, expected 1; ${model_remedy}")
endif()
string(JSON count ERROR_VARIABLE mistake LENGTH "${manifest}" files)
if(mistake)
    message(FATAL_ERROR "${model_manifest}: ${mistake}; ${model_remedy}")
endif()
set(model_files "") # by name
set(i 0)
while(i LESS count)
    string(JSON file MEMBER "${manifest}" files ${i})
    if(NOT EXISTS "${MODEL}/${file}")
        message(FATAL_ERROR "${MODEL} has no ${file}; ${model_remedy}")
    endif()
    list(APPEND model_files "${file}")
    math(EXPR i "${i} + 1")
endwhile()
if(NOT ENGINE IN_LIST known_engines)
    list(JOIN known_engines ", " engines)
    message(FATAL_ERROR "engine '${ENGINE}' is not known; known: ${engines}")
endif()

string(JSON engine_arena ERROR_VARIABLE mistake GET "${manifest}" arena_bytes ${ENGINE})
if(mistake)
    string(JSON reason ERROR_VARIABLE mistake GET "${manifest}" refusals ${ENGINE})
    message(FATAL_ERROR "engine ${ENGINE} does not run the model in ${MODEL}: ${reason}; choose the other one "
        "with -DENGINE=<engine> (docs/TFLM_ENGINE.md)")
endif()
# What programs can be built: all of them write to kws_model_input() and read from kws_model_output(), one of
# each, of int8; those that measure take uint8 as well.
set(model_has_plain_ends TRUE)
set(model_has_ends_of_bytes TRUE)
foreach(ends inputs outputs)
    string(JSON count ERROR_VARIABLE mistake LENGTH "${manifest}" ${ends})
    if(mistake)
        continue() # of an older codegen, which knew no others
    endif()
    string(JSON type GET "${manifest}" ${ends} 0 type)
    if(NOT count EQUAL 1 OR (ENGINE STREQUAL "tflm" AND NOT type STREQUAL "int8"))
        set(model_has_plain_ends FALSE)
    endif()
    if(NOT count EQUAL 1 OR (ENGINE STREQUAL "tflm" AND NOT type MATCHES "^u?int8$"))
        set(model_has_ends_of_bytes FALSE)
    endif()
endforeach()

# Static libraries: what a program does not call is not linked. Generated .cc files are C as well as C++.
function(kws_add_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC kws_board_interface)
    target_include_directories(${name} PUBLIC "${KWS_FIRMWARE_DIR}" "${MODEL}")
    foreach(source ${ARGN})
        string(FIND "${source}" "${MODEL}/" position)
        if(position EQUAL 0 AND source MATCHES "[.]cc$")
            # The name still says C++ to GCC; CMake tells it otherwise only since 3.20.
            set_source_files_properties("${source}" PROPERTIES LANGUAGE C COMPILE_OPTIONS "-x;c")
        endif()
    endforeach()
endfunction()

set(KWS_FRONTEND_SOURCES
    "${KWS_FIRMWARE_DIR}/frontend/frontend.c" "${KWS_FIRMWARE_DIR}/frontend/window.c"
    "${KWS_FIRMWARE_DIR}/frontend/fft.c" "${KWS_FIRMWARE_DIR}/frontend/bands.c"
    "${KWS_FIRMWARE_DIR}/frontend/compress.c" "${KWS_FIRMWARE_DIR}/frontend/micro.c"
    "${KWS_FIRMWARE_DIR}/frontend/micro_fft.c")

include(engine_${ENGINE}) # makes kws_engine, and KWS_ENGINE_SOURCE: the file of it that implements model.h
if(NOT model_has_ends_of_bytes)
    message(STATUS "the model has not one input and output of bytes: only the library kws_engine is built")
    return()
endif()
include(bench)
if(NOT model_has_plain_ends)
    message(STATUS "the model has uint8 at its ends: only the library kws_engine and what measures it are built")
    return()
endif()
include(mlperf)
# A model alone, without the labels and clips of a run folder, can only be measured.
if(NOT "micro_model_settings.cc" IN_LIST model_files)
    return()
endif()

if(NOT EXISTS "${MODEL}/kws.h")
    message(FATAL_ERROR "${MODEL} has no kws.h; ${model_remedy}")
endif()

# The front end and the application, and the clips of the run folder as tests of both.
kws_add_library(kws_listener
    "${KWS_FIRMWARE_DIR}/listener/stream.c" "${KWS_FIRMWARE_DIR}/listener/recognizer.c"
    ${KWS_FRONTEND_SOURCES}
    "${MODEL}/frontend_tables.c" "${MODEL}/kws_settings.c")
target_link_libraries(kws_listener PUBLIC kws_engine)

set(clip_sources ${model_files})
list(FILTER clip_sources INCLUDE REGEX "(_(tests|data)|micro_model_settings)[.]cc$")
list(TRANSFORM clip_sources PREPEND "${MODEL}/")
kws_add_library(kws_clips ${clip_sources})

kws_add_firmware(earshot "${KWS_FIRMWARE_DIR}/app/main.c" "${KWS_FIRMWARE_DIR}/app/print.c")
target_link_libraries(earshot PRIVATE kws_listener)

kws_add_firmware(feature_test "${KWS_FIRMWARE_DIR}/app/feature_test.c" "${KWS_FIRMWARE_DIR}/app/print.c")
target_link_libraries(feature_test PRIVATE kws_clips kws_listener)

include(proof)
