#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/fd.h"
#include "trace/event.h"

namespace ttrace {

/// The memory that replayed address spaces share by a name of the kernel's (files mapped with
/// MAP_SHARED, System V segments): a memfd for each, as long as the recorded file was at that
/// point, so that stores behind its end raise SIGBUS here as there. All hosts map these; what
/// their own code stores needs nobody's help. Memory of MAP_SHARED and MAP_ANONYMOUS is not here:
/// hosts inherit it.
class SharedMemory {
 public:
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
  const Memory& at(std::uint32_t number) const;

  std::map<std::uint32_t, Memory> by_number_;
  std::map<std::uint64_t, std::uint32_t> by_inode_;
};

}  // namespace ttrace
