# SPDX-License-Identifier: Apache-2.0
# A GNU toolchain for a core without an operating system; board.cmake has made sure that it is there.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program needs a board's linker script
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KWS_TOOLCHAIN_PREFIX KWS_TOOLCHAIN_CORE)
set(CMAKE_SYSTEM_PROCESSOR "${KWS_TOOLCHAIN_CORE}")
set(CMAKE_C_COMPILER "${KWS_TOOLCHAIN_PREFIX}gcc")
set(CMAKE_CXX_COMPILER "${KWS_TOOLCHAIN_PREFIX}g++") # only where a language asks for it: ENGINE=tflm
