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
foreach(file engine.c engine.h)
    if(NOT EXISTS "${MODEL}/${file}")
        message(FATAL_ERROR "${MODEL} has no ${file}; expected the folder c of a run folder, "
            "such as out/yes_no/c. Make it with: python -m codegen out/yes_no")
    endif()
endforeach()
if(NOT ENGINE IN_LIST known_engines)
    list(JOIN known_engines ", " engines)
    message(FATAL_ERROR "engine '${ENGINE}' is not known; known: ${engines}")
endif()

# Static libraries: what a program does not call is not linked. Generated .cc files are C as well as C++.
function(kws_add_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC kws_board_interface)
    target_include_directories(${name} PUBLIC "${KWS_FIRMWARE_DIR}" "${MODEL}")
    foreach(source ${ARGN})
        if(source MATCHES "^${MODEL}/.*[.]cc$")
            set_source_files_properties("${source}" PROPERTIES LANGUAGE C)
        endif()
    endforeach()
endfunction()

include(engine_${ENGINE}) # makes kws_engine
