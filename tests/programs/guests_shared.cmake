# Memory that processes share by a file's name, a descriptor or a key (docs/decisions/0005).
foreach(name ping_pong memfd posix system_v mutex views exec killed read_into descriptor futex)
  ttrace_guest(shared_${name} SEEDS 10)
endforeach()
foreach(name write_back end_of_file reshaped code sparse remapped)
  ttrace_guest(shared_${name} SEEDS 2)
endforeach()
# One seed: chaos may let a spinning process be chosen some hundred times in a row.
ttrace_guest(shared_spin TICKS software)
ttrace_guest(shared_cpu_limit)
