#include "replay/shown_memory.h"

namespace ttrace {

std::size_t read_shown(const ReplaySpace& space, Address at, std::span<std::byte> into,
                       const ObjectReader& read_object) {
  const std::size_t size = space.host->memory().read(at, into);
  const Address end = at + size;
  for (auto it = space.breakpoints.lower_bound(at);
       it != space.breakpoints.end() && it->first < end; ++it) {
    into[it->first - at] = it->second.covered;
  }
  // After the breakpoints: one may cover a patch.
  for (const ActivePlan& plan : space.plans) {
    plan.restore_original(at, into.first(size),
                          [&](std::uint64_t offset, std::span<std::byte> bytes) {
                            read_object(plan.original(), offset, bytes);
                          });
  }
  for (auto it = space.patched.lower_bound(at); it != space.patched.end() && it->first < end;
       ++it) {
    into[it->first - at] = it->second;
  }
  return size;
}

std::vector<Address> places_of(const ReplaySpace& space, Address at) {
  std::vector<Address> places;
  bool overwritten = false;
  for (const ActivePlan& plan : space.plans) {
    const std::vector<Address> copies = plan.copies_of(at);
    places.insert(places.end(), copies.begin(), copies.end());
    overwritten = overwritten || plan.is_inside_change(at);
  }
  // The INT3 of the recorder's lies where its instruction lay.
  if (!overwritten || space.patched.contains(at)) places.push_back(at);
  return places;
}

}  // namespace ttrace
