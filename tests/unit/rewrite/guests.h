#pragma once

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "rewrite/sites.h"

namespace ttrace::testing {

/// Instructions in guest_test.cpp, assembled into the test binary, never executed.
extern "C" {
extern const unsigned char ttrace_test_every_site[];
extern const unsigned char ttrace_test_every_site_end[];
extern const unsigned char ttrace_test_immediates[];
extern const unsigned char ttrace_test_immediates_end[];
extern const unsigned char ttrace_test_counter[];
extern const unsigned char ttrace_test_counter_end[];
extern const unsigned char ttrace_test_invalid[];
extern const unsigned char ttrace_test_invalid_end[];
extern const unsigned char ttrace_test_contradiction[];
extern const unsigned char ttrace_test_contradiction_end[];
extern const unsigned char ttrace_test_symbol_only[];
extern const unsigned char ttrace_test_symbol_only_end[];
extern const unsigned char ttrace_test_nameless_end[];
}

/// One ELF file of this process.
struct LoadedBinary {
  std::string path;
  std::uint64_t base = 0;
  std::vector<ElfW(Phdr)> headers;

  std::uint64_t file_offset(const void* address) const {
    const auto at = reinterpret_cast<std::uint64_t>(address) - base;
    for (const auto& header : headers)
      if (header.p_type == PT_LOAD && at >= header.p_vaddr && at - header.p_vaddr < header.p_filesz)
        return header.p_offset + (at - header.p_vaddr);
    ADD_FAILURE() << "address in no segment of " << path;
    return 0;
  }
};

/// The executable first, then its libraries and the loader; not the vDSO.
inline std::vector<LoadedBinary> loaded_binaries() {
  std::vector<LoadedBinary> binaries;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        auto& all = *static_cast<std::vector<LoadedBinary>*>(out);
        LoadedBinary binary;
        binary.path = all.empty() ? "/proc/self/exe" : info->dlpi_name;
        binary.base = info->dlpi_addr;
        binary.headers.assign(info->dlpi_phdr, info->dlpi_phdr + info->dlpi_phnum);
        if (all.empty() || std::filesystem::exists(binary.path)) all.push_back(binary);
        return 0;
      },
      &binaries);
  return binaries;
}

/// The one whose name contains `part`.
inline LoadedBinary loaded_binary(const std::string& part) {
  for (const LoadedBinary& binary : loaded_binaries())
    if (binary.path.find(part) != std::string::npos) return binary;
  ADD_FAILURE() << part << " is not loaded";
  return {};
}

inline Fd open_file(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(fd) << path;
  return fd;
}

inline Bytes read_file(const std::string& path) {
  const Fd fd = open_file(path);
  struct stat status {};
  EXPECT_EQ(::fstat(fd.value(), &status), 0);
  Bytes bytes(std::size_t(status.st_size));
  EXPECT_EQ(::pread(fd.value(), bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
  return bytes;
}

inline void write_file(const std::string& path, ByteView bytes) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd) << path;
  ASSERT_EQ(::write(fd.value(), bytes.data(), bytes.size()), ssize_t(bytes.size()));
}

inline SitePlan analyse_path(const std::string& path) {
  return analyse_sites(open_file(path).value());
}

/// A directory that disappears with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "ttrace-rewrite-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::uint8_t byte_at(const Bytes& bytes, std::size_t at) {
  return std::uint8_t(bytes.at(at));
}

/// Reads the bytes of a site without Zydis: prefixes, opcode, ModRM.
inline bool really_is(const Bytes& file, const Site& site) {
  if (site.length < 2 || site.file_offset > file.size() ||
      file.size() - site.file_offset < site.length)
    return false;
  std::size_t at = site.file_offset;
  const std::size_t end = at + site.length;
  const auto is_prefix = [](std::uint8_t byte) {
    return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
           byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 ||
           (byte & 0xf0) == 0x40;
  };
  while (at < end && is_prefix(byte_at(file, at))) ++at;
  if (end - at < 2 || byte_at(file, at) != 0x0f) return false;
  if (site.kind == InstructionEvent::Kind::cpuid)
    return byte_at(file, at + 1) == 0xa2 && at + 2 == end;
  if (site.kind == InstructionEvent::Kind::rdtsc)
    return byte_at(file, at + 1) == 0x31 && at + 2 == end;
  if (site.kind == InstructionEvent::Kind::rdtscp)
    return byte_at(file, at + 1) == 0x01 && byte_at(file, at + 2) == 0xf9 && at + 3 == end;
  if (end - at != 3 || byte_at(file, at + 1) != 0xc7) return false;
  const std::uint8_t modrm = byte_at(file, at + 2);
  const std::uint8_t extension = site.kind == InstructionEvent::Kind::rdrand ? 6 : 7;
  return (modrm & 0xf8) == (0xc0 | extension << 3);
}

inline auto fields(const Site& site) {
  return std::tuple(site.file_offset, site.kind, site.length, site.destination, site.width);
}

inline bool same_sites(const SitePlan& a, const SitePlan& b) {
  const auto same = [](const Site& x, const Site& y) { return fields(x) == fields(y); };
  return std::ranges::equal(a.sites, b.sites, same) &&
         std::ranges::equal(a.counter_reads, b.counter_reads, same) &&
         a.knows_counter_reads == b.knows_counter_reads &&
         std::ranges::equal(a.text, b.text, [](const auto& x, const auto& y) {
           return x.begin == y.begin && x.end == y.end;
         });
}

}  // namespace ttrace::testing
