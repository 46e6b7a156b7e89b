#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "trace/recording.h"

namespace ttrace {

/// The folder beside the traces that has every object once, named by its hash.
inline constexpr const char* kObjectsName = "objects";

/// XXH3-128 of a whole file, as 32 lower-case hex digits, and how many bytes that were. Throws
/// SystemError with `name` if it cannot be read.
struct FileHash {
  std::string hash;
  std::uint64_t size = 0;
};
FileHash hash_file(int fd, const std::string& name);

/// Whether a name in the folder is one that an object can have.
bool is_object_name(const std::string& name);

/// Locks the folder against the other kind of user: writers share it (LOCK_SH), whoever removes
/// from it has it alone (LOCK_EX). False if others hold it for longer than `patience`. Where the
/// file system has no locks, succeeds without one.
bool lock_folder(int folder, int operation, std::chrono::milliseconds patience);

/// `objects/` of one directory, opened for adding, shared with other writers until destroyed.
class ObjectStore {
 public:
  /// Makes the folder (0700) if it is missing. `directory` must stay open as long as this object.
  ObjectStore(int directory, const std::string& directory_name);

  /// Copies the object's contents into the folder unless they are there, and returns its entry for
  /// a trace's object table. Throws NotRecordable if the file was rewritten since it was recorded.
  ObjectInfo put(const RecordedObject& object);

  /// The names that put() made.
  const std::vector<std::string>& added() const { return added_; }
  int folder() const { return folder_.value(); }

 private:
  bool has(const std::string& hash, std::uint64_t size) const;

  std::string name_;
  Fd folder_;
  std::vector<std::string> added_;
};

}  // namespace ttrace
