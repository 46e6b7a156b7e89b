#include "ticks/skid.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tracee/probe_child.h"
#include "tracee/task.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kBranches = 20000;
constexpr unsigned kRounds = 64;
constexpr std::uint64_t kSkidFactor = 4;
// Below this, the kernel makes periods longer on some CPUs (128 is the largest of its limits).
constexpr std::uint64_t kLeastPeriod = 128;

/// Between its two traps: so many conditional branches, and as many locked instructions.
void branch_between_traps(std::uint64_t branches) {
  std::uint32_t word = 0;
  asm volatile(
      "int3\n"
      "1: lock incl %1\n"
      "dec %0\n"
      "jnz 1b\n"
      "int3\n"
      : "+r"(branches), "+m"(word)
      :
      : "cc", "memory");
}

int branch_in_rounds(int go) {
  char byte;
  if (::read(go, &byte, 1) < 0) return 1;
  for (unsigned i = 0; i < kRounds; ++i) branch_between_traps(kBranches);
  return 0;
}

class TrialChild {
 public:
  TrialChild()
      : go_(make_pipe()), child_([this] {
          close(go_[1].release());
          return branch_in_rounds(go_[0].value());
        }) {
    if (child_.error() != 0) throw SystemError("fork", child_.error());
    if (ptrace(PTRACE_SEIZE, child_.pid(), nullptr, PTRACE_O_EXITKILL) != 0) {
      throw_errno("ptrace of a child, to try the tick counter");
    }
  }
  Task task() const { return Task(Tid(child_.pid())); }
  /// It begins with its rounds.
  void release() { go_[1].reset(); }
  siginfo_t wait() const {
    int status = 0;
    while (waitpid(child_.pid(), &status, __WALL) < 0) {
      if (errno != EINTR) throw_errno("waitpid for the child that tries the tick counter");
    }
    if (!WIFSTOPPED(status)) throw Error("the child that tries the tick counter has ended");
    return task().signal_info();
  }

 private:
  static std::array<Fd, 2> make_pipe() {
    std::array<int, 2> ends = {-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
    return {Fd(ends[0]), Fd(ends[1])};
  }

  std::array<Fd, 2> go_;
  ProbeChild child_;
};

bool is_trap(const siginfo_t& info) { return info.si_signo == SIGTRAP; }

/// From one trap of the child to the next, with an overflow between.
void try_round(const TrialChild& child, HardwareCounter& counter, std::uint64_t period,
               CounterTrial& trial) {
  counter.reset();
  counter.overflow_after(period);
  bool overflowed = false;
  for (;;) {
    child.task().resume(Resume::run);
    const siginfo_t info = child.wait();
    const std::uint64_t ticks = counter.ticks();
    if (counter.is_overflow(info) && !overflowed && ticks >= period) {
      overflowed = true;
      trial.lateness.push_back(ticks - period);
      counter.overflow_never();
    }
    if (!is_trap(info)) continue;
    trial.counted.push_back(ticks);
    trial.lost_overflows += !overflowed;
    counter.overflow_never();
    return;
  }
}

}  // namespace

CounterTrial try_counter(const EncodedEvent& event, const EncodedEvent* spoiler) {
  TrialChild child;
  HardwareCounter counter(event, child.task().tid());
  std::optional<HardwareCounter> spoiling;
  if (spoiler) spoiling.emplace(*spoiler, child.task().tid());
  child.release();

  CounterTrial trial;
  trial.branches = kBranches;
  for (unsigned round = 0; round < kRounds; ++round) {
    while (!is_trap(child.wait())) child.task().resume(Resume::run);
    // Periods of all lengths, so that no round is like the one before it.
    try_round(child, counter, kLeastPeriod + round * 71, trial);
    child.task().resume(Resume::run);
  }
  if (spoiling) trial.spoiled = spoiling->ticks();
  return trial;
}

OverflowPrecision judge_trial(const TickEventRow& row, const CounterTrial& trial) {
  if (trial.counted.empty() || trial.lateness.empty()) {
    const bool counts = std::ranges::any_of(trial.counted, [](auto n) { return n > 0; });
    throw CounterError(counts ? "the tick counter counts, but its overflows do not come"
                              : "the tick counter stands still",
                       0);
  }
  const auto [least, most] = std::ranges::minmax(trial.counted);
  if (least != trial.branches || most != trial.branches) {
    throw CounterError(
        fmt::format("the tick counter is not exact, {} branches were counted as {} to {}{}{}",
                    trial.branches, least, most, row.spoiler_advice ? ": " : "",
                    row.spoiler_advice ? row.spoiler_advice : ""),
        0);
  }
  if (trial.spoiled != 0) {
    throw CounterError(
        fmt::format("the tick counter is not exact on this CPU: {}", row.spoiler_advice), 0);
  }
  if (trial.lost_overflows != 0) {
    throw CounterError(fmt::format("{} of {} overflows of the tick counter did not come in time",
                                   trial.lost_overflows, trial.counted.size()),
                       0);
  }
  const std::uint64_t worst = std::ranges::max(trial.lateness);
  return {std::max(row.least_skid, kSkidFactor * (worst + 1)), kLeastPeriod};
}

}  // namespace ttrace
