#include "gdb/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

/// Error numbers as the protocol defines them.
enum FileError : unsigned {
  kNoEntry = 2,
  kBadFile = 9,
  kInvalid = 22,
  kTooManyOpen = 24,
  kReadOnly = 30,
  kUnknown = 9999,
};

constexpr std::size_t kOpenLimit = 256;
constexpr std::uint64_t kAccessMode = 3;  // O_RDONLY is 0, as everywhere

std::string failed(FileError error) { return "F-1," + hex_number(error); }

/// Numbers of the protocol's struct stat: 32 or 64 bits, big-endian.
void put(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(char(value >> shift));
}

std::string encode(const struct stat& st) {
  std::string out;
  for (const std::uint64_t field :
       {std::uint64_t(st.st_dev), std::uint64_t(st.st_ino), std::uint64_t(S_IFREG | 0555),
        std::uint64_t(1), std::uint64_t(0), std::uint64_t(0), std::uint64_t(0)}) {
    put(out, field & 0xffffffff, 4);
  }
  for (const auto field :
       {std::uint64_t(st.st_size), std::uint64_t(st.st_blksize), std::uint64_t(st.st_blocks)}) {
    put(out, field, 8);
  }
  for (int i = 0; i < 3; ++i) put(out, std::uint64_t(st.st_mtime) & 0xffffffff, 4);
  return out;
}

std::string with_attachment(const std::string& data) {
  return "F" + hex_number(data.size()) + ";" + data;
}

}  // namespace

std::string FileServer::answer(std::string_view request) {
  struct Row {
    std::string_view name;
    std::string (FileServer::*handler)(std::string_view);
  };
  static constexpr std::array kRows{
      Row{"setfs:", &FileServer::set_file_system},
      Row{"open:", &FileServer::open},
      Row{"pread:", &FileServer::read},
      Row{"fstat:", &FileServer::status},
      Row{"close:", &FileServer::close},
      Row{"readlink:", &FileServer::read_link},
      Row{"pwrite:", &FileServer::refuse_write},
      Row{"unlink:", &FileServer::refuse_write},
  };
  for (const Row& row : kRows) {
    if (request.starts_with(row.name)) return (this->*row.handler)(request.substr(row.name.size()));
  }
  return "";
}

std::string FileServer::set_file_system(std::string_view) { return "F0"; }

std::string FileServer::open(std::string_view arguments) {
  FieldReader in(arguments);
  const auto path = from_hex(in.until(','));
  const auto flags = in.hex();
  if (!path || !flags) return failed(kInvalid);
  if (*flags & kAccessMode) return failed(kReadOnly);
  auto file = target_.open_file(*path);
  if (!file) return failed(kNoEntry);
  auto slot = std::find_if(open_.begin(), open_.end(), [](const Fd& fd) { return !fd; });
  if (slot == open_.end()) {
    if (open_.size() == kOpenLimit) return failed(kTooManyOpen);
    slot = open_.emplace(slot);
  }
  *slot = std::move(*file);
  return "F" + hex_number(std::uint64_t(slot - open_.begin()));
}

std::string FileServer::read(std::string_view arguments) {
  FieldReader in(arguments);
  const auto number = in.hex();
  if (!number || !in.take(',')) return failed(kInvalid);
  const auto count = in.hex();
  if (!count || !in.take(',')) return failed(kInvalid);
  const auto offset = in.hex();
  if (!offset || *offset > std::uint64_t(std::numeric_limits<off_t>::max())) {
    return failed(kInvalid);
  }
  const int fd = descriptor(*number);
  if (fd < 0) return failed(kBadFile);
  // Escapes may double it; a short answer is allowed.
  std::string data(std::min<std::uint64_t>(*count, kPacketSize - 32), '\0');
  const ssize_t got = ::pread(fd, data.data(), data.size(), off_t(*offset));
  if (got < 0) return failed(kUnknown);
  data.resize(std::size_t(got));
  return with_attachment(data);
}

std::string FileServer::status(std::string_view arguments) {
  FieldReader in(arguments);
  const auto number = in.hex();
  const int fd = number ? descriptor(*number) : -1;
  struct stat st {};
  if (fd < 0) return failed(kBadFile);
  if (::fstat(fd, &st) < 0) return failed(kUnknown);
  return with_attachment(encode(st));
}

std::string FileServer::close(std::string_view arguments) {
  FieldReader in(arguments);
  const auto number = in.hex();
  if (!number || descriptor(*number) < 0) return failed(kBadFile);
  open_[*number].reset();
  return "F0";
}

std::string FileServer::read_link(std::string_view arguments) {
  const auto path = from_hex(arguments);
  if (!path) return failed(kInvalid);
  // A file of the recording stands under each of its names; none of them is a link.
  return failed(target_.open_file(*path) ? kInvalid : kNoEntry);
}

std::string FileServer::refuse_write(std::string_view) { return failed(kReadOnly); }

int FileServer::descriptor(std::uint64_t number) const {
  return number < open_.size() ? open_[number].value() : -1;
}

}  // namespace ttrace::gdb
