#include "replay/watched_pages.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "tracee/maps.h"

namespace ttrace {

WatchedPages::WatchedPages(const std::vector<WatchRange>& ranges) {
  for (const WatchRange& range : ranges) {
    runs_.push_back({Address(page_floor(range.at.value())),
                     Address(page_ceil(range.at.value() + range.length))});
  }
}

bool WatchedPages::holds_back(Address at, const MappingTable& mappings) const {
  if (open_) return false;
  const bool ours = std::any_of(runs_.begin(), runs_.end(),
                                [&](const Run& run) { return run.start <= at && at < run.end; });
  const Mapping* mapping = ours ? mappings.at(at) : nullptr;
  return mapping != nullptr && (mapping->protection & PROT_WRITE);
}

void WatchedPages::open(HostProcess& host, const MappingTable& mappings) {
  protect(host, mappings, 0);
  open_ = true;
}

void WatchedPages::close(HostProcess& host, const MappingTable& mappings) {
  protect(host, mappings, PROT_WRITE);
  open_ = false;
}

/// One call for each stretch of a run that lies in one mapping; what is not mapped is left out.
void WatchedPages::protect(HostProcess& host, const MappingTable& mappings, int without) const {
  for (const Run& run : runs_) {
    for (Address at = run.start; at < run.end;) {
      const Mapping* mapping = mappings.at(at);
      if (mapping == nullptr) {
        at = at + kPageSize;
        continue;
      }
      const Address end = std::min(run.end, mapping->start + mapping->length);
      if (mapping->protection & PROT_WRITE) {
        const auto protection = std::uint64_t(mapping->protection & ~without);
        host.call(SYS_mprotect, {at.value(), end - at, protection, 0, 0, 0});
      }
      at = end;
    }
  }
}

}  // namespace ttrace
