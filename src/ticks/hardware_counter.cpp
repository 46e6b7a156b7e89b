#include "ticks/hardware_counter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <system_error>

#include "tracee/task.h"

namespace ttrace {
namespace {

// A counter that was opened without a period never gets one: this one is never reached.
constexpr std::uint64_t kNever = std::uint64_t(1) << 46;

// Above this, Linux of some distributions lets only root count, and above 3 nobody else at all.
constexpr int kMostParanoid = 2;

struct Refusal {
  int error;
  const char* name;
  const char* text;
};
constexpr std::array kRefusals = {
    Refusal{ENOENT, "ENOENT",
            "this machine has no hardware counters, or not this event, like most virtual machines"},
    Refusal{EOPNOTSUPP, "EOPNOTSUPP",
            "the counters of this machine cannot interrupt, as in some virtual machines"},
    Refusal{ENODEV, "ENODEV", "this CPU has no such counter"},
    Refusal{EINVAL, "EINVAL", "the kernel refuses this event, it is older than the CPU"},
    Refusal{ENOSYS, "ENOSYS", "this kernel has no performance events (CONFIG_PERF_EVENTS)"},
    Refusal{EBUSY, "EBUSY", "another program holds the counters"},
    Refusal{EMFILE, "EMFILE", "too many files are open, raise ulimit -n"},
    Refusal{EACCES, "EACCES", nullptr},
    Refusal{EPERM, "EPERM", nullptr},
};

std::string forbidden_text(std::optional<int> paranoid) {
  if (paranoid && *paranoid > kMostParanoid) {
    return fmt::format(
        "kernel.perf_event_paranoid is {} and forbids it, sysctl kernel.perf_event_paranoid={} "
        "allows it",
        *paranoid, kMostParanoid);
  }
  return "a sandbox or a container's filter forbids it, docker run --cap-add=PERFMON "
         "--security-opt seccomp=unconfined allows it";
}

std::optional<int> current_paranoid() {
  std::ifstream file("/proc/sys/kernel/perf_event_paranoid");
  std::string text;
  std::getline(file, text);
  return parse_paranoid(text);
}

[[noreturn]] void throw_counter_error(const char* what) {
  const int error = errno;
  throw CounterError(
      fmt::format("{} of the tick counter: {}", what, std::generic_category().message(error)),
      error);
}

}  // namespace

std::string refusal_text(int error, std::optional<int> paranoid) {
  const auto known = std::ranges::find(kRefusals, error, &Refusal::error);
  if (known == kRefusals.end()) {
    return "perf_event_open: " + std::generic_category().message(error);
  }
  return fmt::format("{} (perf_event_open: {})",
                     known->text ? known->text : forbidden_text(paranoid), known->name);
}

std::optional<int> parse_paranoid(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\n") + 1;
  int value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + end, value);
  if (end == 0 || error != std::errc() || stop != text.data() + end) return std::nullopt;
  return value;
}

HardwareCounter::HardwareCounter(const EncodedEvent& event, Tid tid) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.config1 = event.config1;
  attributes.config2 = event.config2;
  attributes.sample_period = kNever;
  attributes.pinned = 1;  // all of the time or not at all: never scaled up from a part of it
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.exclude_guest = 1;
  fd_ =
      Fd(int(syscall(SYS_perf_event_open, &attributes, tid.value(), -1, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!fd_) {
    const int error = errno;
    if (error == ESRCH) throw TaskGone(tid);
    throw CounterError(refusal_text(error, current_paranoid()), error);
  }
  const f_owner_ex owner{F_OWNER_TID, tid.value()};
  if (fcntl(fd_.value(), F_SETOWN_EX, &owner) != 0 || fcntl(fd_.value(), F_SETSIG, kSignal) != 0 ||
      fcntl(fd_.value(), F_SETFL, O_ASYNC) != 0) {
    throw_counter_error("the signal");
  }
}

std::uint64_t HardwareCounter::read() const {
  std::uint64_t count = 0;
  const ssize_t n = ::read(fd_.value(), &count, sizeof count);
  // Without a counter of the CPU to itself, a pinned event is at its end.
  if (n == 0) {
    throw CounterError(
        "the kernel took the tick counter away, something else counts: end other profilers, or "
        "sysctl kernel.nmi_watchdog=0",
        EBUSY);
  }
  if (n != ssize_t(sizeof count)) throw_counter_error("the value");
  return count;
}

std::uint64_t HardwareCounter::ticks() const { return read() - start_; }

void HardwareCounter::reset() { start_ = read(); }

void HardwareCounter::set_period(std::uint64_t period) {
  if (ioctl(fd_.value(), PERF_EVENT_IOC_PERIOD, &period) != 0) throw_counter_error("the period");
}

void HardwareCounter::overflow_after(std::uint64_t period) {
  set_period(std::clamp<std::uint64_t>(period, 1, kNever));
}

void HardwareCounter::overflow_never() { set_period(kNever); }

bool HardwareCounter::is_overflow(const siginfo_t& info) const {
  return info.si_signo == kSignal && info.si_fd == fd_.value() &&
         (info.si_code == POLL_IN || info.si_code == POLL_HUP);
}

}  // namespace ttrace
