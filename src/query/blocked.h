#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trace/reader.h"

namespace ttrace {

/// Reads memory of a process at the place in question; returns how much was there.
using ProcessMemory = std::function<std::size_t(Pid pid, Address at, std::span<std::byte> into)>;

/// What a thread waits for.
struct Wait {
  enum class Kind {
    mutex,     ///< a pthread mutex (also inside std::mutex) that `holder` has locked
    pi_mutex,  ///< one with priority inheritance
    rwlock,    ///< a pthread rwlock that `holder` has locked for writing
    thread,    ///< the end of thread `holder` (a join)
    futex,     ///< another futex: a condition variable, a semaphore, an atomic wait
    child,     ///< the end of a child process
    time,      ///< a sleep
    call,      ///< any other system call
  };
  Kind kind = Kind::call;
  Address at;                 ///< of the mutex, lock or futex
  std::optional<Tid> holder;  ///< who ends the wait, if that is known
};

/// One thread at that place.
struct BlockedThread {
  Tid tid;
  Pid pid;
  EventNumber since;         ///< its system call's begin, or its last event
  std::optional<Wait> wait;  ///< none: it could run
  std::string call;          ///< the system call that it is in
};

struct BlockedReport {
  EventNumber at;
  std::vector<BlockedThread> threads;  ///< those that exist, in the order of their creation
  /// Threads each of which waits for the next one, and the last for the first.
  std::vector<Tid> deadlock;
};

/// Who waits for whom just before event `at`. Owners of locks are where glibc keeps them: what lies
/// there is believed only if it is the number of a thread that exists. Throws TraceError.
BlockedReport blocked_at(TraceReader& trace, EventNumber at, const ProcessMemory& memory);

/// "mutex", "thread"...
const char* wait_name(Wait::Kind kind);

}  // namespace ttrace
