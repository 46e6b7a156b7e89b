#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace ttrace {

/// Device, inode, size, mtime (s, ns), ctime (s, ns): the same while a file is not changed.
using FileIdentity = std::array<std::uint64_t, 7>;
FileIdentity identity_of(int fd);

/// Puts a file at DIRECTORY/NAME, complete or not at all, readable by its owner only; replaces what
/// is there. Creates the directory (0700). Says nothing if it cannot.
void keep_file(const std::string& directory, const std::string& name, ByteView bytes);

/// Writes everything; false on an error.
bool write_all(int fd, ByteView bytes);

}  // namespace ttrace
