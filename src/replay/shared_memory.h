#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/fd.h"
#include "trace/event.h"

namespace ttrace {

/// The memory that replayed address spaces share by a name of the kernel's (files mapped with
/// MAP_SHARED, System V segments): a memfd for each, as long as the recorded file was at that
/// point, so that stores behind its end raise SIGBUS here as there. All hosts map these; what
/// their own code stores needs nobody's help. Memory of MAP_SHARED and MAP_ANONYMOUS has no number,
/// hosts inherit it; it is a memfd too, so that it can be copied.
class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&&) = default;
  SharedMemory& operator=(SharedMemory&&) = default;

  /// The same contents in memory of their own. Of anonymous memory, what is not in `mapped`
  /// (inodes) is left out: nobody can get at it any more.
  SharedMemory copy(const std::set<std::uint64_t>& mapped) const;
  bool empty() const { return by_inode_.empty(); }

  /// Memory of a new anonymous mapping; its descriptor.
  int add_anonymous(std::uint64_t size);
  /// The descriptor in `copy` of what has that inode here; -1 if it has none.
  int counterpart(std::uint64_t inode, const SharedMemory& copy) const;

  /// Makes a change that a call brought; of a number that is new it makes the memory too.
  void apply(const SharedChange& change);

  /// Of numbers that a change was applied of; TraceError for others.
  int descriptor(std::uint32_t number) const { return at(number).fd.value(); }
  const std::string& name(std::uint32_t number) const { return at(number).name; }

  /// By the inode that /proc/PID/maps shows of a host's mapping.
  bool owns(std::uint64_t inode) const { return by_inode_.contains(inode); }
  /// Writes inside the file; false if there is no such memory, or it ends before.
  bool write(std::uint64_t inode, std::uint64_t offset, ByteView data) const;

 private:
  struct Memory {
    Fd fd;
    std::string name;
    std::uint64_t size = 0;
  };
  const Memory& at(std::uint64_t number) const;
  void make(std::uint64_t number, Memory& memory);

  /// Numbers of the recording have 32 bits; anonymous memory follows behind them.
  static constexpr std::uint64_t kFirstAnonymous = 1ull << 32;

  std::map<std::uint64_t, Memory> by_number_;
  std::map<std::uint64_t, std::uint64_t> by_inode_;
  std::uint64_t next_anonymous_ = kFirstAnonymous;
};

}  // namespace ttrace
