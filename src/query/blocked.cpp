#include "query/blocked.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <map>

#include "query/processes.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

struct CallRow {
  long number;
  Wait::Kind kind;
};

// Calls whose purpose is to wait, besides futex.
constexpr std::array kWaits{
    CallRow{SYS_wait4, Wait::Kind::child},
    CallRow{SYS_waitid, Wait::Kind::child},
    CallRow{SYS_nanosleep, Wait::Kind::time},
    CallRow{SYS_clock_nanosleep, Wait::Kind::time},
};

// By Wait::Kind.
constexpr std::array kNames{"mutex", "pi_mutex", "rwlock", "thread",
                            "futex", "child",    "time",   "call"};

// Where glibc keeps a lock's word and its owner (struct __pthread_mutex_s, __pthread_rwlock_arch_t
// in its bits/struct_*.h): part of its ABI.
constexpr std::uint64_t kMutexOwner = 8;
constexpr std::uint64_t kRwlockPhase = 8;
constexpr std::uint64_t kRwlockWriters = 12;
constexpr std::uint64_t kRwlockOwner = 24;

/// A thread while the events before the place are read.
struct State {
  Tid tid;
  Pid pid;
  EventNumber last;
  std::optional<SyscallEntry> inside;
};

class Scanner {
 public:
  void take(EventNumber number, const Event& event) {
    processes_.note(event);
    if (const auto* exit = std::get_if<ProcessExitEvent>(&event.body)) {
      std::erase_if(threads_, [&](const State& state) { return state.pid == exit->pid; });
      return;
    }
    if (std::holds_alternative<TaskExitEvent>(event.body)) {
      std::erase_if(threads_, [&](const State& state) { return state.tid == event.tid; });
      return;
    }
    if (std::holds_alternative<EndEvent>(event.body)) return;
    if (const auto* exec = std::get_if<ExecEvent>(&event.body)) {
      // Only the thread that called it is left.
      std::erase_if(threads_, [&](const State& state) {
        return state.pid == exec->pid && state.tid != event.tid;
      });
    }
    State& state = of(event.tid, number);
    state.last = number;
    if (const auto* enter = std::get_if<SyscallEnterEvent>(&event.body)) {
      state.inside = enter->entry;
    } else if (std::holds_alternative<SyscallExitEvent>(event.body) ||
               std::holds_alternative<ExecEvent>(event.body)) {
      state.inside.reset();
    } else if (const auto* task = std::get_if<NewTaskEvent>(&event.body)) {
      of(task->child, number).pid = task->child_pid;
    }
  }

  const std::vector<State>& threads() const { return threads_; }

 private:
  State& of(Tid tid, EventNumber number) {
    const auto found = std::ranges::find(threads_, tid, &State::tid);
    if (found != threads_.end()) return *found;
    threads_.push_back({tid, processes_.of(tid).value_or(Pid()), number, {}});
    return threads_.back();
  }

  ProcessMap processes_;
  std::vector<State> threads_;
};

/// Understands what one thread waits for.
class Reader {
 public:
  Reader(const std::vector<State>& threads, const ProcessMemory& memory)
      : threads_(threads), memory_(memory) {}

  Wait wait_of(const State& state) const {
    const SyscallEntry& call = *state.inside;
    if (call.number == SYS_futex) return futex_wait(state);
    const auto row = std::ranges::find(kWaits, long(call.number), &CallRow::number);
    return {row == kWaits.end() ? Wait::Kind::call : row->kind, {}, {}};
  }

 private:
  std::optional<std::int32_t> word(Pid pid, Address at) const {
    std::int32_t value = 0;
    const auto bytes = std::as_writable_bytes(std::span(&value, 1));
    return memory_(pid, at, bytes) == sizeof value ? std::optional(value) : std::nullopt;
  }

  /// The word, if it is the number of a thread that exists.
  std::optional<Tid> thread_at(Pid pid, Address at, std::int32_t mask = -1) const {
    const auto value = word(pid, at);
    if (!value) return {};
    const Tid tid(*value & mask);
    const bool exists = std::ranges::find(threads_, tid, &State::tid) != threads_.end();
    return exists ? std::optional(tid) : std::nullopt;
  }

  Wait futex_wait(const State& state) const {
    const Address at(state.inside->args[0]);
    const int operation = int(state.inside->args[1]) & FUTEX_CMD_MASK;
    if (operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2) {
      return {Wait::Kind::pi_mutex, at, thread_at(state.pid, at, FUTEX_TID_MASK)};
    }
    // A locked mutex: its word says that somebody waits, its owner is another thread.
    const auto value = word(state.pid, at);
    const auto owner = thread_at(state.pid, at + kMutexOwner);
    if (value == 2 && owner) return {Wait::Kind::mutex, at, owner};
    // Robust ones have the owner in the word itself.
    if (owner && value && (*value & FUTEX_TID_MASK) == owner->value()) {
      return {Wait::Kind::mutex, at, owner};
    }
    // A join waits at the place where the kernel clears the thread's number.
    const auto joined = thread_at(state.pid, at);
    if (joined && *joined != state.tid && Tid(int(state.inside->args[2])) == *joined) {
      return {Wait::Kind::thread, at, joined};
    }
    for (const std::uint64_t offset : {kRwlockPhase, kRwlockWriters}) {
      const auto writer = thread_at(state.pid, at - offset + kRwlockOwner);
      if (writer && *writer != state.tid) return {Wait::Kind::rwlock, at - offset, writer};
    }
    return {Wait::Kind::futex, at, {}};
  }

  const std::vector<State>& threads_;
  const ProcessMemory& memory_;
};

/// A cycle of waits, or nothing.
std::vector<Tid> find_cycle(const std::vector<BlockedThread>& threads) {
  std::map<Tid, Tid> waits_for;
  for (const BlockedThread& thread : threads) {
    if (thread.wait && thread.wait->holder) waits_for[thread.tid] = *thread.wait->holder;
  }
  for (const auto& [start, unused] : waits_for) {
    std::vector<Tid> path;
    Tid at = start;
    while (waits_for.contains(at) && std::ranges::find(path, at) == path.end()) {
      path.push_back(at);
      at = waits_for.at(at);
    }
    if (!path.empty() && at == start) return path;
  }
  return {};
}

}  // namespace

const char* wait_name(Wait::Kind kind) { return kNames.at(std::size_t(kind)); }

BlockedReport blocked_at(TraceReader& trace, EventNumber at, const ProcessMemory& memory) {
  Scanner scanner;
  for (std::uint64_t i = 0; i < at.value() && i < trace.event_count(); ++i) {
    scanner.take(EventNumber(i), trace.event(EventNumber(i)));
  }
  BlockedReport report{at, {}, {}};
  const Reader reader(scanner.threads(), memory);
  for (const State& state : scanner.threads()) {
    BlockedThread thread{state.tid, state.pid, state.last, {}, {}};
    if (state.inside) {
      thread.wait = reader.wait_of(state);
      thread.call = describe({state.inside->number, state.inside->args, 0}, {});
    }
    report.threads.push_back(std::move(thread));
  }
  report.deadlock = find_cycle(report.threads);
  return report;
}

}  // namespace ttrace
