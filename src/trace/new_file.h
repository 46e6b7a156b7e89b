#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/fd.h"

namespace ttrace {

/// Names that begin so are a NewFile's where unnamed files are not supported: garbage if nobody
/// writes there.
inline constexpr std::string_view kTemporaryPrefix = ".ttrace-tmp-";

/// Throws Error: "cannot write PATH: No space left on device; free space or choose another ...".
[[noreturn]] void throw_cannot_write(const std::string& path, int error);

/// `directory`, or the nearest one above it that exists: the traces' own is made when one is kept.
std::string existing_directory(const std::string& directory);

/// A descriptor of a new file without a name in the file system of `directory`, which need not
/// exist; where the file system does not know such files, of one whose name is removed again.
/// Throws Error.
Fd open_unnamed(const std::string& directory);

/// Writes all of it at that place; throw_cannot_write(name) if that cannot be.
void write_whole(int fd, std::uint64_t offset, ByteView bytes, const std::string& name);

/// A file that has no name until it is complete. Destroyed before publish(), it leaves nothing;
/// neither does a killed process, except on file systems without O_TMPFILE, where a temporary name
/// stands in. Mode 0600.
class NewFile {
 public:
  enum class Unnamed { if_supported, never };

  /// `directory` must stay open as long as this object; `directory_name` is for messages.
  NewFile(int directory, std::string directory_name, Unnamed unnamed = Unnamed::if_supported);
  /// Goes on with an unnamed file that was begun elsewhere, at `size` bytes. What lies in another
  /// file system, where it cannot get its name, is copied by publish().
  NewFile(int directory, std::string directory_name, Fd begun, std::uint64_t size);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int fd() const { return file_.value(); }
  std::uint64_t size() const { return size_; }
  void truncate(std::uint64_t size);
  /// The kernel has copied so much to the end.
  void grow(std::uint64_t size) { size_ += size; }
  void write(ByteView bytes);
  /// Over what was written there.
  void overwrite(std::uint64_t offset, ByteView bytes);

  /// Brings the contents to the disk and gives them their name, in place of a file that has it
  /// already. At any moment the name stands for the whole old file or the whole new one.
  void publish(const std::string& name);

 private:
  [[noreturn]] void fail(int error) const;
  void link_unnamed(const std::string& name);
  bool link_as(const std::string& name);
  void copy_to_directory();
  void create_temporary();
  /// A name that no other writer uses; differs for every `n`.
  static std::string temporary_name(unsigned n);

  int directory_;
  std::string directory_name_;
  Fd file_;
  std::uint64_t size_ = 0;  ///< so much is written
  std::string temporary_;   ///< name to be removed; empty while the file has none
};

/// Appends the contents of `from`, sharing blocks where the file system can.
void copy_contents(int from, const std::string& from_name, NewFile& to);

}  // namespace ttrace
