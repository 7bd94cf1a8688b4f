# SPDX-License-Identifier: Apache-2.0
# Programs that measure the engine; hil/bench and tests/bench/firmware_bench.py build and run them.
#
# bench         the engine as it is, and the front end
# bench_ops     the engine with a hook behind every operator, for any model
# bench_empty   without an engine: the difference is what one takes. It is not meant to run

set(KWS_BENCH_WINDOWS 4 CACHE STRING "windows of a stream whose scores bench prints")

set(programs bench_ops)
if("frontend_tables.c" IN_LIST model_files)
    list(APPEND programs bench bench_empty)
endif()
foreach(program IN LISTS programs)
    kws_add_firmware(${program} "${KWS_FIRMWARE_DIR}/app/bench.c" "${KWS_FIRMWARE_DIR}/app/print.c" "${KWS_PROBE_SOURCE}")
    target_include_directories(${program} PRIVATE "${KWS_FIRMWARE_DIR}" "${MODEL}")
    set_target_properties(${program} PROPERTIES EXCLUDE_FROM_ALL ON)
endforeach()

# The source with the hooks is compiled anew; as the library's copy is not needed then, it is not linked.
target_sources(bench_ops PRIVATE "${KWS_ENGINE_SOURCE}")
target_compile_definitions(bench_ops PRIVATE KWS_PROFILE)
target_link_libraries(bench_ops PRIVATE kws_engine)

if(TARGET bench)
    foreach(program bench bench_empty)
        target_sources(${program} PRIVATE ${KWS_FRONTEND_SOURCES} "${MODEL}/frontend_tables.c")
    endforeach()
    target_link_libraries(bench PRIVATE kws_engine)
    target_compile_definitions(bench PRIVATE KWS_BENCH_WINDOWS=${KWS_BENCH_WINDOWS})
    target_compile_definitions(bench_empty PRIVATE KWS_NO_ENGINE)
    # The calls have to lead somewhere: to the code that is there anyway.
    foreach(function init input set_input invoke output get_output error arena_bytes)
        target_link_options(bench_empty PRIVATE "-Wl,--defsym=kws_model_${function}=main")
    endforeach()
endif()
