#pragma once

#include <cstring>
#include <optional>
#include <type_traits>

#include "syscalls/table.h"

namespace ttrace {

/// A value from the tracee's memory, or nothing if it cannot be read whole (null included).
template <class T>
std::optional<T> peek_value(const MemoryPeek& peek, std::uint64_t at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value{};
  if (at == 0) return std::nullopt;
  if (peek(Address(at), std::as_writable_bytes(std::span(&value, 1))) != sizeof value) {
    return std::nullopt;
  }
  return value;
}

/// Whether the result of a system call is an error, those between kernel and tracer included.
constexpr bool is_error(std::int64_t result) { return result < 0 && result >= -4095; }

}  // namespace ttrace
