#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "base/fd.h"

// Each file target_NAME.cpp defines what libFuzzer calls: hand these bytes to one reader. A reader
// may refuse them (TraceError); it may not crash, hang, allocate without bound, or give what its
// contract excludes. Linked with libFuzzer (Clang) or with driver.cpp (any compiler).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ttrace::fuzz {

inline ByteView view_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// A contract of the reader does not hold: the input is a finding.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

/// A file without a name that holds these bytes.
class MemoryFile {
 public:
  explicit MemoryFile(ByteView contents) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    require(bool(fd_), "no memory for a file");
    const ssize_t written = ::write(fd_.value(), contents.data(), contents.size());
    require(written == ssize_t(contents.size()), "no memory for a file");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.value()); }
  Fd take() { return std::move(fd_); }

 private:
  Fd fd_;
};

}  // namespace ttrace::fuzz
