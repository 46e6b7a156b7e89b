#include "syscalls/table.h"

#include <fmt/core.h>

#include "syscalls/outputs_dsl.h"

namespace ttrace {
namespace {

using namespace writes;

#define ROW(number, name, handling, blocking, count, ...)               \
  SyscallRow{number, #name, Handling::handling,     Blocking::blocking, \
             count,  false, list<5>({__VA_ARGS__}), ""},
#define ROW_ON_ERROR(number, name, handling, blocking, count, ...)      \
  SyscallRow{number, #name, Handling::handling,     Blocking::blocking, \
             count,  true,  list<5>({__VA_ARGS__}), ""},
#define NOT_HERE(number, name, handling, count, why) \
  SyscallRow{number, #name, Handling::handling, Blocking::never, count, false, {}, why},

constexpr auto kRows = std::to_array<SyscallRow>({
#include "syscalls/syscalls.inc"
});

#undef ROW
#undef ROW_ON_ERROR
#undef NOT_HERE

constexpr std::size_t kNumbers = std::size_t(kRows.back().number) + 1;
constexpr std::int16_t kNoRow = -1;

/// From a number to the position of its row.
constexpr auto kIndex = [] {
  std::array<std::int16_t, kNumbers> index{};
  index.fill(kNoRow);
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    index[std::size_t(kRows[i].number)] = std::int16_t(i);
  }
  return index;
}();

constexpr bool ascending() {
  for (std::size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i - 1].number >= kRows[i].number) return false;
  }
  return true;
}
static_assert(ascending(), "syscalls.inc is sorted by number, each number once");

}  // namespace

const SyscallRow* syscall_row(std::int64_t number) {
  if (number < 0 || number >= std::int64_t(kNumbers)) return nullptr;
  const std::int16_t position = kIndex[std::size_t(number)];
  return position == kNoRow ? nullptr : &kRows[std::size_t(position)];
}

std::span<const SyscallRow> syscall_rows() { return kRows; }

std::string syscall_name(std::int64_t number) {
  const SyscallRow* row = syscall_row(number);
  return row ? row->name : fmt::format("syscall {}", number);
}

}  // namespace ttrace
