#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/types.h"
#include "gdb/link_map.h"

namespace ttrace::gdb {

/// Finds thread-local variables: through the dtv of a thread, whose layout differs between versions
/// of the C library. It has symbols that describe it (made for libthread_db); a debugger that has
/// read its symbols is asked for them, one after another.
class ThreadLocals {
 public:
  /// The debugger has read symbols: everything is asked for anew.
  void start_over();
  /// The symbol whose address is wanted next; none if all are there.
  std::optional<std::string_view> wanted() const;
  /// The answer for wanted(); none: there is no such symbol.
  void answer(std::optional<Address> at);

  /// A variable `offset` bytes into the thread-local storage of the loaded object at `link_map`, in
  /// the thread whose fs base is `thread`. None: the C library is unknown, or the thread has no
  /// storage of that object yet.
  std::optional<Address> find(const MemoryReader& read, Address thread, std::uint64_t offset,
                              Address link_map) const;

 private:
  static constexpr std::size_t kSymbols = 4;
  std::array<std::optional<Address>, kSymbols> symbols_;
  std::size_t asked_ = kSymbols;
};

}  // namespace ttrace::gdb
