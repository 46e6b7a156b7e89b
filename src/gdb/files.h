#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "gdb/target.h"

namespace ttrace::gdb {

/// The vFile packets: files of the recording, read-only. A path that the recording does not know
/// does not exist, whatever the machine has under that name.
class FileServer {
 public:
  explicit FileServer(const DebugTarget& target) : target_(target) {}

  /// `request` is a packet without its "vFile:"; returns the answer, empty for an unknown one.
  std::string answer(std::string_view request);

 private:
  std::string set_file_system(std::string_view arguments);
  std::string open(std::string_view arguments);
  std::string read(std::string_view arguments);
  std::string status(std::string_view arguments);
  std::string close(std::string_view arguments);
  std::string read_link(std::string_view arguments);
  std::string refuse_write(std::string_view arguments);
  /// -1 unless `number` is open.
  int descriptor(std::uint64_t number) const;

  const DebugTarget& target_;
  std::vector<Fd> open_;  ///< index: the number that the debugger knows; empty: free
};

}  // namespace ttrace::gdb
