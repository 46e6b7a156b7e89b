#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "syscalls/table.h"

/// The words in which the rows of syscalls.inc and requests.inc say what a call writes. Every
/// `argument` is the number of the pointer argument, `by` that of the argument which bounds it.
namespace ttrace::writes {

/// `size` bytes.
constexpr Output fixed(int argument, std::uint32_t size) {
  return {std::uint8_t(argument), Extent::fixed, 0, size};
}
/// The result in bytes, at most argument `by`.
constexpr Output result(int argument, int by) {
  return {std::uint8_t(argument), Extent::result, std::uint8_t(by), 1};
}
/// The result in elements of `size` bytes, at most argument `by` of them.
constexpr Output results(int argument, int by, std::uint32_t size) {
  return {std::uint8_t(argument), Extent::result_times, std::uint8_t(by), size};
}
/// Argument `by` in bytes.
constexpr Output sized(int argument, int by) {
  return {std::uint8_t(argument), Extent::argument, std::uint8_t(by), 1};
}
/// Argument `by` in elements of `size` bytes.
constexpr Output elements(int argument, int by, std::uint32_t size) {
  return {std::uint8_t(argument), Extent::argument_times, std::uint8_t(by), size};
}
/// A socket address: argument `by` points to its length, which the kernel writes too.
constexpr Output sockaddr(int argument, int by) {
  return {std::uint8_t(argument), Extent::pointed_length, std::uint8_t(by), 0};
}
/// Like sockaddr(), but the length after the call says nothing reliable: all that the length
/// before the call allows counts as written (size 1 marks it).
constexpr Output option_value(int argument, int by) {
  return {std::uint8_t(argument), Extent::pointed_length, std::uint8_t(by), 1};
}
/// A zero-terminated string.
constexpr Output text(int argument) { return {std::uint8_t(argument), Extent::string, 0, 0}; }
/// An iovec array of argument `by` elements, up to the result.
constexpr Output vectors(int argument, int by) {
  return {std::uint8_t(argument), Extent::io_vector, std::uint8_t(by), 0};
}
/// A msghdr that is received into.
constexpr Output message(int argument) { return {std::uint8_t(argument), Extent::message, 0, 0}; }
/// An mmsghdr array of argument `by` elements that is received into.
constexpr Output messages(int argument, int by) {
  return {std::uint8_t(argument), Extent::messages, std::uint8_t(by), 0};
}
/// An fd_set of argument `by` bits.
constexpr Output bits(int argument, int by) {
  return {std::uint8_t(argument), Extent::bit_set, std::uint8_t(by), 0};
}
/// See special.cpp, or requests.inc for calls that are many calls in one.
constexpr Output special() { return {0, Extent::special, 0, 0}; }

template <std::size_t N>
constexpr std::array<Output, N> list(std::initializer_list<Output> outputs) {
  std::array<Output, N> array{};
  std::copy(outputs.begin(), outputs.end(), array.begin());
  return array;
}

}  // namespace ttrace::writes
