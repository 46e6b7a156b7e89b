# Included by CMakeLists.txt here: what ttrace does when things go wrong, one script for each theme.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_package(GTest REQUIRED)

set(robustness_guests ${CMAKE_CURRENT_BINARY_DIR}/robustness)
add_executable(robustness_deny ${CMAKE_CURRENT_LIST_DIR}/robustness_deny.c)
add_library(robustness_killer MODULE ${CMAKE_CURRENT_LIST_DIR}/robustness_killer.c)
target_link_libraries(robustness_killer PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(robustness_killer PROPERTIES PREFIX "")
add_executable(robustness_cases ${CMAKE_CURRENT_LIST_DIR}/robustness_cases.cpp)
target_link_libraries(robustness_cases PRIVATE GTest::gtest_main ttrace::gtest)
add_executable(rerun_cases ${CMAKE_CURRENT_LIST_DIR}/rerun_cases.cpp)
target_link_libraries(rerun_cases PRIVATE GTest::gtest_main ttrace::gtest)
add_executable(scale_guest ${CMAKE_CURRENT_LIST_DIR}/scale_guest.cpp)
add_executable(large_text_guest ${CMAKE_CURRENT_LIST_DIR}/large_text_guest.cpp)
add_executable(portable_guest ${CMAKE_CURRENT_LIST_DIR}/portable_guest.cpp)
add_executable(portable_avx ${CMAKE_CURRENT_LIST_DIR}/portable_avx.cpp)
target_compile_options(portable_avx PRIVATE -mavx)
foreach(guest robustness_deny robustness_killer robustness_cases rerun_cases scale_guest
              large_text_guest portable_guest portable_avx)
  ttrace_compile_options(${guest})
  set_target_properties(${guest} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${robustness_guests}
                                            LIBRARY_OUTPUT_DIRECTORY ${robustness_guests})
endforeach()

foreach(theme traces environment usage leftovers moments limits scale portable hunt rerun results store
        fallback programs)
  add_test(NAME robustness.${theme}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/robustness_${theme}.py
            --ttrace $<TARGET_FILE:ttrace> --examples $<TARGET_FILE_DIR:example_race>
            --guests ${robustness_guests})
  set_tests_properties(robustness.${theme} PROPERTIES LABELS integration TIMEOUT 1200)
endforeach()
