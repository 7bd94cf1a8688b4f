# SPDX-License-Identifier: Apache-2.0
# Cortex-M with the GNU toolchain of the distribution; board.cmake has made sure that it is there.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program needs a board's linker script
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++) # only where a language asks for it: ENGINE=tflm
