#pragma once

#include <map>
#include <vector>

#include "trace/event.h"

namespace ttrace {

/// The mappings of one replayed address space as the recording had them: what a debugger is shown.
class MappingTable {
 public:
  /// Puts a mapping over whatever lay there.
  void add(Mapping mapping);
  void remove(Address start, std::uint64_t length);
  void protect(Address start, std::uint64_t length, int protection);
  /// A remap: what lay at `from` lies at `to` with a new length.
  void move(Address from, std::uint64_t old_length, Address to, std::uint64_t new_length);

  /// The mapping that holds the address, or null.
  const Mapping* at(Address address) const;
  std::vector<Mapping> all() const;

 private:
  void split(Address at);

  std::map<Address, Mapping> by_start_;
};

}  // namespace ttrace
