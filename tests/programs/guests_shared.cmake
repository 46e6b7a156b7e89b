# Memory that processes share by a file's name, a descriptor or a key (docs/decisions/0005).
foreach(name ping_pong memfd posix system_v mutex views exec killed read_into descriptor futex
             messages)
  ttrace_guest(shared_${name} SEEDS 10)
endforeach()
foreach(name write_back end_of_file reshaped code sparse remapped)
  ttrace_guest(shared_${name} SEEDS 2)
endforeach()
# One seed: chaos may let a spinning process be chosen some hundred times in a row.
ttrace_guest(shared_spin TICKS software)
ttrace_guest(shared_cpu_limit)

add_executable(guest_shared_window shared_window.cpp)
set_target_properties(guest_shared_window PROPERTIES OUTPUT_NAME shared_window)
ttrace_compile_options(guest_shared_window)
add_test(NAME integration.shared_outsider
         COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/integration/shared_outsider_test.py
                 --ttrace $<TARGET_FILE:ttrace> --guest $<TARGET_FILE:guest_shared_window>)
set_tests_properties(integration.shared_outsider PROPERTIES LABELS integration TIMEOUT 120)
