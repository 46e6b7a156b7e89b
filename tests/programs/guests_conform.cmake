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

# Areas that had no guest.
ttrace_guest(ipc_queues LINK rt SEEDS 3)
ttrace_guest(ipc_network SEEDS 2)
ttrace_guest(file_kinds LINK util)
ttrace_guest(signal_io TICKS software)
ttrace_guest(process_death_signal SEEDS 3)
ttrace_guest(thread_spawns SEEDS 2)
ttrace_guest(thread_rounding SEEDS 2)
ttrace_guest(cpp_control_flow SEEDS 2)
ttrace_foreign_guest(kind_no_libc kind_no_libc.S SEEDS 1
                     COMMAND ${CMAKE_C_COMPILER} -nostdlib -static)

# Known by the place where valgrind's tools lie.
ttrace_guest(refused_valgrind SOURCE kind_c.c REFUSED "valgrind")
set_target_properties(guest_refused_valgrind PROPERTIES
                      OUTPUT_NAME guest-amd64-linux
                      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/valgrind)
