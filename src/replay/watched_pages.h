#pragma once

#include <vector>

#include "replay/host.h"
#include "replay/mapping_table.h"
#include "replay/watch.h"

namespace ttrace {

/// Pages of one address space that its program cannot write to, so that each write to watched
/// memory is seen that no debug register watches. They are writable in the recording; what the
/// replay itself writes goes through an open() and close().
class WatchedPages {
 public:
  WatchedPages() = default;
  /// The pages that hold these ranges. Nothing changes before close().
  explicit WatchedPages(const std::vector<WatchRange>& ranges);

  bool empty() const { return runs_.empty(); }
  bool is_open() const { return open_; }
  /// A write to this address faults because of us.
  bool holds_back(Address at, const MappingTable& mappings) const;
  /// Gives the pages of a host the protection that the recording has, or takes writing away.
  void open(HostProcess& host, const MappingTable& mappings);
  void close(HostProcess& host, const MappingTable& mappings);

 private:
  /// Pages one after the other.
  struct Run {
    Address start;
    Address end;
  };
  void protect(HostProcess& host, const MappingTable& mappings, int without) const;

  std::vector<Run> runs_;
  bool open_ = true;
};

}  // namespace ttrace
