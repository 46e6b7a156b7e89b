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
