# Guests for what was found by trying programs that this project had not seen (docs/conformance.md).

foreach(call read much readv recvmsg recvmmsg many process)
  ttrace_guest(thread_early_${call} SOURCE thread_early_bytes.cpp ARGS ${call} TICKS software
               SEEDS 2)
endforeach()
ttrace_guest(thread_address_limit)
ttrace_guest(file_mapped_changes)
ttrace_guest(output_reopened)
ttrace_guest(refused_trap_flag REFUSED "trap flag")
ttrace_guest(process_exec_leaves_words SEEDS 5)
