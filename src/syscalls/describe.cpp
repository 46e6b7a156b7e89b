#include <fmt/core.h>

#include <algorithm>

#include "syscalls/table.h"

namespace ttrace {
namespace {

constexpr std::int64_t kLargestErrno = 4095;

/// Small numbers in decimal, negative ints with their sign (however the register was extended),
/// everything else in hexadecimal.
std::string argument_text(std::uint64_t value) {
  const auto wide = std::int64_t(value);
  if (wide > -4096 && wide < 4096) return fmt::format("{}", wide);
  if (value <= UINT32_MAX && value > UINT32_MAX - 4096) {
    return fmt::format("{}", std::int32_t(std::uint32_t(value)));
  }
  return fmt::format("{:#x}", value);
}

std::string result_text(std::int64_t result) {
  if (result < 0 && result >= -kLargestErrno) return "-" + errno_name(int(-result));
  if (result >= 0 && result <= INT32_MAX) return fmt::format("{}", result);
  return fmt::format("{:#x}", std::uint64_t(result));
}

}  // namespace

std::string describe(const SyscallView& call, std::optional<std::int64_t> result) {
  const SyscallRow* row = syscall_row(call.number);
  const std::size_t count = row ? row->argument_count : call.args.size();
  std::string text = syscall_name(call.number) + "(";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += argument_text(call.args[i]);
  }
  return text + ") = " + (result ? result_text(*result) : "?");
}

}  // namespace ttrace
