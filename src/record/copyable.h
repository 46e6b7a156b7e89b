#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

namespace ttrace {

/// The open descriptors of a stopped process, and what /proc/PID/fd shows for them.
using OpenFiles = std::map<int, std::string>;
OpenFiles open_files(Pid pid);

/// What a fork of a stopped process of one thread would not copy, or would leave shared between the
/// copies (fork(2)): in words, "an open socket (descriptor 5)"; none: its copies are like it and do
/// not touch one another, but for file_positions(). `given`: what it had when it began, which it
/// shares with others anyway. Reads /proc; interval timers and signals that the recorder holds do
/// not show there.
std::optional<std::string> obstacle_to_copy(Pid pid, const OpenFiles& given);

/// Where an open file was read or written to: all copies of a process share it.
struct FilePosition {
  int descriptor = 0;
  std::int64_t offset = 0;
};

/// Of the regular files and directories that the process opened.
std::vector<FilePosition> file_positions(Pid pid, const OpenFiles& given);

}  // namespace ttrace
