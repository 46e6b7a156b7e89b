#pragma once

#include <cstdint>

/// The system calls that the agent executes itself: none can wait for another task, and what each
/// writes is known from its arguments and result. Everything else takes the traced path.
namespace ttrace::agent {

enum class Extent : std::uint8_t {
  none,
  fixed,   ///< `size` bytes, if the pointer is not null
  result,  ///< as many bytes as the result says; argument `by` bounds it before the call
};

struct Output {
  std::uint8_t argument = 0;
  Extent extent = Extent::none;
  std::uint8_t by = 0;
  std::uint16_t size = 0;
};

/// What must be known of the descriptor in the first argument.
enum class Needs : std::uint8_t {
  nothing,
  regular,  ///< a regular file
  null,     ///< /dev/null
  known,    ///< either
};

struct Call {
  bool allowed = false;
  Needs needs = Needs::nothing;
  Output outputs[2] = {};
};

constexpr Output fixed(std::uint8_t argument, std::uint16_t size) {
  return {argument, Extent::fixed, 0, size};
}
constexpr Output result(std::uint8_t argument, std::uint8_t by) {
  return {argument, Extent::result, by, 0};
}

inline constexpr std::uint16_t kStatSize = 144;
inline constexpr std::uint32_t kCallNumbers = 512;

struct CallTable {
  Call calls[kCallNumbers] = {};

  constexpr void plain(unsigned number, Output first = {}, Output second = {}) {
    calls[number] = {true, Needs::nothing, {first, second}};
  }
  constexpr void on(Needs needs, unsigned number, Output first = {}) {
    calls[number] = {true, needs, {first, {}}};
  }
};

constexpr CallTable make_call_table() {
  CallTable t;
  t.plain(39);                          // getpid
  t.plain(102);                         // getuid
  t.plain(104);                         // getgid
  t.plain(107);                         // geteuid
  t.plain(108);                         // getegid
  t.plain(110);                         // getppid
  t.plain(111);                         // getpgrp
  t.plain(186);                         // gettid
  t.plain(96, fixed(0, 16), fixed(1, 8));  // gettimeofday
  t.plain(201, fixed(0, 8));            // time
  t.plain(228, fixed(1, 16));           // clock_gettime
  t.plain(229, fixed(1, 16));           // clock_getres
  t.plain(318, result(0, 1));           // getrandom
  return t;
}

inline constexpr CallTable kCallTable = make_call_table();

}  // namespace ttrace::agent
