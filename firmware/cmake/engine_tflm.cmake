# SPDX-License-Identifier: Apache-2.0
# kws_engine: TFLite-Micro, from a checkout at TFLM_ROOT and the static library built there by its
# own Makefile. docs/TFLM_ENGINE.md tells what to build and what the messages mean.

set(TFLM_ROOT "" CACHE PATH "Checkout of tflite-micro with its static library built (ENGINE=tflm)")
set(TFLM_LIBRARY "" CACHE FILEPATH "The static library; needed only where TFLM_ROOT has several for the board")
set(TFLM_ARENA_BYTES "" CACHE STRING "Bytes of the tensor arena, in place of kTensorArenaSize of the model")

if(NOT TFLM_ROOT)
    message(FATAL_ERROR "ENGINE=tflm needs -DTFLM_ROOT=<folder>, a checkout of tflite-micro with its static "
        "library built (docs/TFLM_ENGINE.md); -DENGINE=compiled needs nothing")
endif()
get_filename_component(tflm_root "${TFLM_ROOT}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
kws_check_place(tflm_root)
if(NOT EXISTS "${tflm_root}/tensorflow/lite/micro/micro_interpreter.h")
    message(FATAL_ERROR "TFLM_ROOT ${tflm_root} is no checkout of tflite-micro: "
        "it has no tensorflow/lite/micro/micro_interpreter.h")
endif()
if(TFLM_ARENA_BYTES AND NOT TFLM_ARENA_BYTES MATCHES "^[1-9][0-9]*$")
    message(FATAL_ERROR "TFLM_ARENA_BYTES is '${TFLM_ARENA_BYTES}', expected a number of bytes")
endif()

# Upstream's Makefile puts there what it fetches.
set(tflm_downloads "${tflm_root}/tensorflow/lite/micro/tools/make/downloads")
set(tflm_includes "${tflm_root}" "${tflm_downloads}/flatbuffers/include" "${tflm_downloads}/gemmlowp" "${tflm_downloads}/ruy")
foreach(header flatbuffers/include/flatbuffers/flatbuffers.h gemmlowp/fixedpoint/fixedpoint.h
        ruy/ruy/profiler/instrumentation.h)
    if(NOT EXISTS "${tflm_downloads}/${header}")
        message(FATAL_ERROR "${tflm_downloads} has no ${header}; upstream's Makefile fetches it when it "
            "builds the library (docs/TFLM_ENGINE.md)")
    endif()
endforeach()

# How upstream's Makefile calls the board's processor.
if(KWS_BOARD_CPU STREQUAL "host")
    string(TOLOWER "${CMAKE_HOST_SYSTEM_NAME}" tflm_target)
    string(REPLACE "darwin" "osx" tflm_target "${tflm_target}")
    set(tflm_arch "${CMAKE_HOST_SYSTEM_PROCESSOR}")
elseif(NOT KWS_TOOLCHAIN_CORE STREQUAL "arm")
    message(FATAL_ERROR "ENGINE=tflm runs on Cortex-M and this computer, not on ${BOARD} (${KWS_BOARD_CPU}); "
        "-DENGINE=compiled does (docs/TFLM_ENGINE.md)")
else()
    set(tflm_target cortex_m_generic)
    set(tflm_arch "${KWS_BOARD_CPU}")
    if(KWS_BOARD_CPU MATCHES "^cortex-m[47]$" AND "-mfloat-abi=hard" IN_LIST KWS_BOARD_FLAGS)
        string(APPEND tflm_arch "+fp")
    elseif(KWS_BOARD_CPU STREQUAL "cortex-m4" AND "-mfloat-abi=softfp" IN_LIST KWS_BOARD_FLAGS)
        string(APPEND tflm_arch "+sfp")
    endif()
endif()

set(tflm_file "libtensorflow-microlite.a")
if(TFLM_LIBRARY)
    get_filename_component(tflm_library "${TFLM_LIBRARY}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
    if(NOT EXISTS "${tflm_library}" OR IS_DIRECTORY "${tflm_library}")
        message(FATAL_ERROR "TFLM_LIBRARY ${tflm_library} is no file; expected a ${tflm_file}")
    endif()
else()
    file(GLOB tflm_library "${tflm_root}/gen/${tflm_target}_${tflm_arch}_*/lib/${tflm_file}")
    # These two lay out the objects that the headers declare in another way.
    list(FILTER tflm_library EXCLUDE REGEX "_compression_|_no_tf_lite_static_memory_")
    list(LENGTH tflm_library count)
    if(count EQUAL 0)
        message(FATAL_ERROR "${tflm_root}/gen has no library for board ${BOARD}: expected "
            "${tflm_target}_${tflm_arch}_<build>/lib/${tflm_file}, which upstream's Makefile makes for "
            "TARGET=${tflm_target} TARGET_ARCH=${tflm_arch} (docs/TFLM_ENGINE.md); or name one with "
            "-DTFLM_LIBRARY=<file>")
    elseif(count GREATER 1)
        list(SORT tflm_library)
        list(JOIN tflm_library ", " found)
        message(FATAL_ERROR "${count} libraries fit board ${BOARD}; choose one with -DTFLM_LIBRARY=<file>: ${found}")
    endif()
endif()

include(CheckLanguage)
check_language(CXX)
if(NOT CMAKE_CXX_COMPILER)
    message(FATAL_ERROR "ENGINE=tflm needs a C++ compiler beside ${CMAKE_C_COMPILER}; install it, "
        "on Debian or Ubuntu: sudo apt-get install g++, for boards gcc-arm-none-eabi")
endif()
enable_language(CXX)
set(CMAKE_CXX_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
include(CheckIncludeFileCXX)
list(JOIN KWS_BOARD_FLAGS " " CMAKE_REQUIRED_FLAGS)
check_include_file_cxx(type_traits KWS_HAS_CXX_HEADERS)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT KWS_HAS_CXX_HEADERS)
    unset(KWS_HAS_CXX_HEADERS CACHE) # they may be there next time
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} has no C++ standard library; install it, on Debian or Ubuntu: "
        "sudo apt-get install libstdc++-arm-none-eabi-newlib")
endif()

message(STATUS "TFLite-Micro: ${tflm_library}")
set(KWS_ENGINE_SOURCE "${KWS_FIRMWARE_DIR}/model/tflm.cc")
kws_add_library(kws_engine "${KWS_ENGINE_SOURCE}")
target_sources(kws_engine PRIVATE "${MODEL}/model.cc") # in C++, the one generated source that is no C
target_compile_features(kws_engine PUBLIC cxx_std_17)
target_compile_options(kws_engine PUBLIC
    "$<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti;-fno-threadsafe-statics>")
# As the library was built. With or without its messages, this side calls for none.
target_compile_definitions(kws_engine PUBLIC TF_LITE_STATIC_MEMORY TF_LITE_STRIP_ERROR_STRINGS)
target_compile_definitions(kws_engine PRIVATE KWS_NO_HEAP)
target_compile_definitions(kws_engine PUBLIC KWS_ENGINE_TFLM) # engine.h: what lies in a kws_model
if(TFLM_ARENA_BYTES)
    target_compile_definitions(kws_engine PUBLIC KWS_TFLM_ARENA_BYTES=${TFLM_ARENA_BYTES})
endif()
target_include_directories(kws_engine SYSTEM PUBLIC ${tflm_includes})
target_link_libraries(kws_engine PUBLIC "${tflm_library}" m)
