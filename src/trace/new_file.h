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

/// A file that has no name until it is complete. Destroyed before publish(), it leaves nothing;
/// neither does a killed process, except on file systems without O_TMPFILE, where a temporary name
/// stands in. Mode 0600.
class NewFile {
 public:
  enum class Unnamed { if_supported, never };

  /// `directory` must stay open as long as this object; `directory_name` is for messages.
  NewFile(int directory, std::string directory_name, Unnamed unnamed = Unnamed::if_supported);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int fd() const { return file_.value(); }
  void write(ByteView bytes);

  /// Brings the contents to the disk and gives them their name, in place of a file that has it
  /// already. At any moment the name stands for the whole old file or the whole new one.
  void publish(const std::string& name);

 private:
  [[noreturn]] void fail(int error) const;
  void link_unnamed(const std::string& name);
  void create_temporary();
  /// A name that no other writer uses; differs for every `n`.
  static std::string temporary_name(unsigned n);

  int directory_;
  std::string directory_name_;
  Fd file_;
  std::string temporary_;  ///< name to be removed; empty while the file has none
};

}  // namespace ttrace
