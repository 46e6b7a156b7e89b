#include "replay/mapping_table.h"

#include <iterator>

namespace ttrace {

/// Makes `at` a boundary between mappings if it lies inside one.
void MappingTable::split(Address at) {
  auto next = by_start_.upper_bound(at);
  if (next == by_start_.begin()) return;
  Mapping& lower = std::prev(next)->second;
  if (lower.start == at || lower.start + lower.length <= at) return;
  Mapping upper = lower;
  const std::uint64_t offset = at - lower.start;
  lower.length = offset;
  upper.start = at;
  upper.length -= offset;
  if (upper.backing) upper.backing->offset += offset;
  by_start_.emplace(at, std::move(upper));
}

void MappingTable::remove(Address start, std::uint64_t length) {
  split(start);
  split(start + length);
  by_start_.erase(by_start_.lower_bound(start), by_start_.lower_bound(start + length));
}

void MappingTable::add(Mapping mapping) {
  if (mapping.length == 0) return;
  remove(mapping.start, mapping.length);
  const Address start = mapping.start;
  by_start_.emplace(start, std::move(mapping));
}

void MappingTable::protect(Address start, std::uint64_t length, int protection) {
  split(start);
  split(start + length);
  for (auto it = by_start_.lower_bound(start); it != by_start_.end() && it->first < start + length;
       ++it) {
    it->second.protection = protection;
  }
}

void MappingTable::move(Address from, std::uint64_t old_length, Address to,
                        std::uint64_t new_length) {
  Mapping mapping;
  if (const Mapping* old = at(from)) mapping = *old;
  if (mapping.backing && mapping.start < from) mapping.backing->offset += from - mapping.start;
  remove(from, old_length);
  mapping.start = to;
  mapping.length = new_length;
  add(std::move(mapping));
}

const Mapping* MappingTable::at(Address address) const {
  auto next = by_start_.upper_bound(address);
  if (next == by_start_.begin()) return nullptr;
  const Mapping& mapping = std::prev(next)->second;
  return address < mapping.start + mapping.length ? &mapping : nullptr;
}

std::vector<Mapping> MappingTable::all() const {
  std::vector<Mapping> result;
  for (const auto& [start, mapping] : by_start_) result.push_back(mapping);
  return result;
}

}  // namespace ttrace
