#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <functional>

namespace ttrace {

/// A number that does not mix with other numbers: a Tid is no Ticks, a Ticks no EventNumber.
/// Construct explicitly, read with value().
template <class Tag, class Rep>
class Strong {
 public:
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

 private:
  Rep value_{};
};

/// A thread, by the number that the kernel gave it while it was recorded. In a replay the number
/// names the recorded thread, not the host thread that stands in for it.
using Tid = Strong<struct TidTag, pid_t>;

/// A process (thread group), by the tid of its first thread.
using Pid = Strong<struct PidTag, pid_t>;

/// The position of an event in its trace, counted from 0.
using EventNumber = Strong<struct EventNumberTag, std::uint64_t>;

/// Progress of user code since the last event; 0 until ticks are counted.
using Ticks = Strong<struct TicksTag, std::uint64_t>;

/// An address in a tracee, never in this process.
class Address {
 public:
  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Address&) const = default;

  constexpr Address operator+(std::uint64_t bytes) const { return Address(value_ + bytes); }
  constexpr Address operator-(std::uint64_t bytes) const { return Address(value_ - bytes); }
  constexpr std::uint64_t operator-(Address other) const { return value_ - other.value_; }

 private:
  std::uint64_t value_ = 0;
};

inline constexpr std::uint64_t kPageSize = 4096;

constexpr std::uint64_t page_floor(std::uint64_t n) { return n & ~(kPageSize - 1); }
constexpr std::uint64_t page_ceil(std::uint64_t n) { return page_floor(n + kPageSize - 1); }

}  // namespace ttrace

template <class Tag, class Rep>
struct std::hash<ttrace::Strong<Tag, Rep>> {
  std::size_t operator()(ttrace::Strong<Tag, Rep> s) const { return std::hash<Rep>()(s.value()); }
};

template <>
struct std::hash<ttrace::Address> {
  std::size_t operator()(ttrace::Address a) const { return std::hash<std::uint64_t>()(a.value()); }
};
