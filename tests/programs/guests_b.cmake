# Guests for instruction inputs, time, memory, files and IPC, loader kinds, and what is refused.

# A guest that is built by COMMAND (a compiler line with its output last) instead of add_executable,
# because it needs another compiler.
function(ttrace_foreign_guest name source)
  cmake_parse_arguments(ARG "" "SEEDS;STATUS" "COMMAND;ARGS" ${ARGN})
  if(NOT DEFINED ARG_STATUS)
    set(ARG_STATUS 0)
  endif()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${ARG_COMMAND} ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${output}
    DEPENDS ${source} observe.h
    VERBATIM)
  add_custom_target(guest_${name} ALL DEPENDS ${output})
  add_test(NAME integration.${name}
           COMMAND Python3::Interpreter ${TTRACE_GUEST_TEST} --ttrace $<TARGET_FILE:ttrace>
                   --guest ${output} --seeds=${ARG_SEEDS} --status=${ARG_STATUS}
                   -- ${ARG_ARGS})
  set_tests_properties(integration.${name} PROPERTIES LABELS integration TIMEOUT 60)
endfunction()

# Inputs without a system call.
foreach(name rdtsc rdtsc_registers cpuid xgetbv rdrand_widths rdrand_flags random_device)
  ttrace_guest(insn_${name})
endforeach()
# What the traps behind them must not change.
foreach(name state_rdrand state_rdtsc state_cpuid_segv own_sigtrap own_sigsegv)
  ttrace_guest(trap_${name})
endforeach()
ttrace_guest(trap_state_cpuid FLAGS -O0 -g)

foreach(name clocks sleep_absolute of_day cpu_clock)
  ttrace_guest(time_${name})
endforeach()
ttrace_guest(cpu_affinity)

foreach(name fork_anonymous fork_shared_grandchild file_private file_deleted fixed_over remap break
             guard madvise large deep_recursion stack_limit self_written_code self_written_rdtsc
             memfd zero_device)
  ttrace_guest(mem_${name})
endforeach()
ttrace_guest(mem_stack_overflow STATUS 5)
ttrace_guest(proc_self)
add_library(guest_plugin_rdrand MODULE plugin_rdrand.cpp)
ttrace_guest(mem_dlopen LINK ${CMAKE_DL_LIBS} ARGS $<TARGET_FILE:guest_plugin_rdrand>)

foreach(name vectors sendfile large_read directory inotify getrandom write_mapped)
  ttrace_guest(file_${name})
endforeach()
ttrace_guest(file_lock SEEDS 3)
foreach(name pipe_poll epoll timerfd signalfd socketpair_rights udp)
  ttrace_guest(ipc_${name} SEEDS 2)
endforeach()
ttrace_guest(ipc_tcp_threads SEEDS 5)
foreach(name dup2 closed)
  ttrace_guest(output_${name})
endforeach()
foreach(name interleaved fork_child)
  ttrace_guest(output_${name} SEEDS 5)
endforeach()

# The same program, built and loaded in every way.
ttrace_guest(kind_static SOURCE kind_all.cpp LINK -static SEEDS 2)
ttrace_guest(kind_static_pie SOURCE kind_all.cpp FLAGS -O1 -g -fPIE LINK -static-pie SEEDS 2)
ttrace_guest(kind_no_pie SOURCE kind_all.cpp FLAGS -O1 -g -fno-pie LINK -no-pie SEEDS 2)
ttrace_guest(kind_o0 SOURCE kind_all.cpp FLAGS -O0 -g SEEDS 2)
ttrace_guest(kind_o3 SOURCE kind_all.cpp FLAGS -O3 -g SEEDS 2)
foreach(sanitizer address undefined thread)
  ttrace_guest(kind_${sanitizer}_sanitizer SOURCE kind_all.cpp
               FLAGS -O1 -g -fsanitize=${sanitizer} LINK -fsanitize=${sanitizer} SEEDS 2)
endforeach()

# LeakSanitizer stops all threads by ptrace and reads their registers, at the exit or when asked.
set(asan -O1 -g -pthread -fsanitize=address)
ttrace_guest(leak_none FLAGS ${asan} LINK -fsanitize=address SEEDS 3)
ttrace_guest(leak_found FLAGS ${asan} LINK -fsanitize=address STATUS 1 SEEDS 3)
ttrace_guest(leak_found_alone SOURCE leak_found.cpp FLAGS -O1 -g -fsanitize=leak
             LINK -fsanitize=leak STATUS 23)
ttrace_guest(leak_threads FLAGS ${asan} LINK -fsanitize=address SEEDS 20)
ttrace_guest(leak_threads_found SOURCE leak_threads.cpp FLAGS ${asan} LINK -fsanitize=address
             ARGS leak STATUS 1 SEEDS 10)
# A report's addresses are made names of by another program, or at length.
set_tests_properties(integration.leak_threads_found
                     PROPERTIES ENVIRONMENT ASAN_OPTIONS=symbolize=0)
ttrace_guest(leak_checks FLAGS ${asan} LINK -fsanitize=address SEEDS 20)
ttrace_guest(ptrace_siblings SEEDS 20 TICKS software)  # it waits for a loop without calls
ttrace_guest(kind_gcov SOURCE kind_all.cpp FLAGS -O1 -g --coverage LINK --coverage SEEDS 2)
add_library(guest_preload_getppid MODULE preload_getppid.cpp)
ttrace_guest(kind_preload ARGS $<TARGET_FILE:guest_preload_getppid>)

find_program(TTRACE_CLANG NAMES clang++ clang++-14)
if(TTRACE_CLANG)
  ttrace_foreign_guest(kind_clang kind_all.cpp SEEDS 2
                       COMMAND ${TTRACE_CLANG} -std=c++20 -O2 -g -pthread)
  set(clang_asan COMMAND ${TTRACE_CLANG} -std=c++20 ${asan})
  ttrace_foreign_guest(leak_none_clang leak_none.cpp SEEDS 3 ${clang_asan})
  ttrace_foreign_guest(leak_found_clang leak_found.cpp SEEDS 3 STATUS 1 ${clang_asan})
  ttrace_foreign_guest(leak_threads_clang leak_threads.cpp SEEDS 20 ${clang_asan})
  ttrace_foreign_guest(leak_threads_found_clang leak_threads.cpp ARGS leak SEEDS 5 STATUS 1
                       ${clang_asan})
  set_tests_properties(integration.leak_found_clang integration.leak_threads_found_clang
                       PROPERTIES ENVIRONMENT ASAN_OPTIONS=symbolize=0)
else()
  message(STATUS "guest kind_clang skipped: there is no clang++")
endif()
find_program(TTRACE_CLANG_C NAMES clang clang-14)
if(TTRACE_CLANG_C)
  ttrace_foreign_guest(kind_memory_sanitizer kind_c.c SEEDS 2
                       COMMAND ${TTRACE_CLANG_C} -O1 -g -pthread -fsanitize=memory)
else()
  message(STATUS "guest kind_memory_sanitizer skipped: there is no clang")
endif()
find_program(TTRACE_MUSL NAMES musl-gcc)
if(TTRACE_MUSL)
  ttrace_foreign_guest(kind_musl kind_c.c SEEDS 3 COMMAND ${TTRACE_MUSL} -O1 -g)
  ttrace_foreign_guest(kind_musl_static kind_c.c SEEDS 2 COMMAND ${TTRACE_MUSL} -O1 -g -static)
else()
  message(STATUS "guests kind_musl* skipped: there is no musl-gcc (Debian package musl-tools)")
endif()

# Seccomp filters of the program's own.
foreach(name errno refused trap kill)
  ttrace_guest(filter_${name})
endforeach()
ttrace_guest(filter_trap_blocked STATUS 159)
ttrace_guest(filter_kill_itself STATUS 159)
ttrace_guest(filter_threads SEEDS 20)
ttrace_guest(filter_allow_list LINK -lseccomp)
ttrace_guest(filter_tests SEEDS 3)

# Memory that is written by other doors than an output argument.
ttrace_guest(mem_process_vm_writev SEEDS 3)
ttrace_guest(mem_write_child SEEDS 20)
ttrace_guest(mem_memory_file SEEDS 3)

# Refused by name, until the engine can do them.
ttrace_guest(refused_seccomp_strict REFUSED "PR_SET_SECCOMP 1")
ttrace_guest(refused_seccomp_listener REFUSED "SECCOMP_FILTER_FLAG_NEW_LISTENER")
ttrace_guest(refused_ptrace REFUSED "PTRACE_TRACEME")
ttrace_guest(refused_ptrace_other REFUSED "PTRACE_ATTACH to another address space")
ttrace_guest(refused_int80 REFUSED "int 0x80")
ttrace_guest(refused_spin TICKS none REFUSED "no progress point")  # after 5 s of its own CPU time
set_tests_properties(integration.refused_spin PROPERTIES RUN_SERIAL TRUE)
ttrace_guest(refused_map_otherwise REFUSED "which is mapped otherwise too")
ttrace_guest(refused_truncate_mapped REFUSED "ftruncate")
ttrace_guest(refused_memory_of_child REFUSED "writing to the memory of another recorded process")
ttrace_guest(refused_memory_file_code REFUSED "writing code through /proc/self/mem")
# Not refused: absent, as on an old kernel.
ttrace_guest(absent_io_uring)
