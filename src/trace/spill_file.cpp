#include "trace/spill_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "trace/container.h"
#include "trace/new_file.h"

namespace ttrace {
namespace {

/// The nearest directory above that exists: the traces' own is made when one is kept.
std::string existing(const std::string& directory) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(directory, error).lexically_normal();
  while (!std::filesystem::is_directory(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path.empty() ? "/" : path.string();
}

}  // namespace

SpillFile::SpillFile(const std::string& directory)
    : directory_(existing(directory)), fd_(open_unnamed(directory_)), size_(kRoomyHeader) {}

void SpillFile::add(ByteView raw, std::uint32_t event_count) {
  const Bytes frame = make_frame(FrameKind::events, event_count_, event_count, raw);
  write_whole(fd_.value(), size_, frame, directory_);
  frames_.push_back({size_, frame.size(), event_count_, event_count});
  size_ += frame.size();
  event_count_ += event_count;
}

}  // namespace ttrace
