# Guests that only ticks let a signal into.
foreach(level O0 O2)
  ttrace_guest(tick_timers_${level} SOURCE tick_timers.cpp FLAGS -${level} -g TICKS software SEEDS 2)
endforeach()

find_program(TTRACE_CLANGXX clang++)
if(TTRACE_CLANGXX)
  foreach(level O1 O2)
    ttrace_foreign_guest(tick_musttail_${level} tick_musttail.cpp SEEDS 2 TICKS software
                         COMMAND ${TTRACE_CLANGXX} -std=c++20 -${level} -g)
  endforeach()
endif()

# Only ticks in the library let the signals in: there must be room for its stubs.
add_library(guest_tick_library_code SHARED tick_library_code.cpp)
set_target_properties(guest_tick_library_code PROPERTIES OUTPUT_NAME tick_library)
target_compile_options(guest_tick_library_code PRIVATE -O2)
target_link_options(guest_tick_library_code PRIVATE -Wl,-z,noseparate-code)
ttrace_guest(tick_library LINK dl TICKS software SEEDS 3)
add_dependencies(guest_tick_library guest_tick_library_code)

# Loops whose ticks arithmetic tells.
ttrace_guest(tick_exact TICKS software SEEDS 2)
add_test(NAME integration.tick_exact
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/integration/tick_exact_test.py
          --ttrace $<TARGET_FILE:ttrace> --guest $<TARGET_FILE:guest_tick_exact>)
set_tests_properties(integration.tick_exact PROPERTIES LABELS integration TIMEOUT 600)

ttrace_guest(walk_alone SEEDS 1 CHAOS 4)
add_test(NAME integration.walk_alone
  COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/integration/walk_alone_test.py
          --ttrace $<TARGET_FILE:ttrace> --guest $<TARGET_FILE:guest_walk_alone>)
set_tests_properties(integration.walk_alone PROPERTIES LABELS integration TIMEOUT 600)
