#pragma once

/// What a workload does `count` times; its result is printed, so that no work can be left out.
using Workload = unsigned long (*)(long count);

struct NamedWorkload {
  const char* name;
  Workload run;
};

// compute.cpp
unsigned long compute(long rounds);
// system_calls.cpp
unsigned long getppid_loop(long count);
unsigned long clock_loop(long count);
unsigned long write_null(long count);
unsigned long open_read_close(long count);
unsigned long fork_and_wait(long count);
// threads.cpp
unsigned long lock_unlock(long count);
