#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trace/event.h"

namespace ttrace {

/// An instruction in a binary whose result is an input: RDRAND, RDSEED and CPUID, which the CPU
/// cannot be told to trap, RDTSC and RDTSCP. Found by its bytes; whether those are an instruction
/// is told by decoding from function starts.
struct Site {
  std::uint64_t file_offset = 0;
  InstructionEvent::Kind kind = InstructionEvent::Kind::cpuid;
  std::uint8_t length = 0;       ///< bytes of the original instruction
  std::uint8_t destination = 0;  ///< RDRAND/RDSEED: index of the register in GeneralRegisters
  std::uint8_t width = 8;        ///< RDRAND/RDSEED: bytes of the destination: 2, 4, 8
};

/// RDTSC or RDTSCP, not RDRAND, RDSEED or CPUID.
constexpr bool reads_counter(const Site& site) {
  return site.kind == InstructionEvent::Kind::rdtsc || site.kind == InstructionEvent::Kind::rdtscp;
}

/// What is known about one binary.
struct SitePlan {
  struct FileRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::vector<FileRange> text;  ///< what was looked at: executable segments
  std::vector<Site> sites;      ///< RDRAND, RDSEED, CPUID, by ascending file offset
  /// RDTSC and RDTSCP, in the same order.
  std::vector<Site> counter_reads;
  /// `counter_reads` are all: wherever else the bytes of such an instruction lie, they are part of
  /// another one, as it was decoded, or no code.
  bool knows_counter_reads = false;
  /// Nonempty if the binary could not be analysed completely (no .eh_frame): one line that says
  /// what is not guaranteed.
  std::string warning;
};

/// Decodes the ELF file behind `fd` (size bytes, any offset state). A file that is no ELF64 x86-64
/// gives an empty plan, which knows of no reads. Never throws for the contents of a file, whatever
/// they are.
SitePlan analyse_sites(int fd);

/// Plans by build-id (or content hash where there is none), kept on disk between runs in
/// `directory` (created on demand, 0700) so that an attempt decodes nothing. Safe when several
/// processes fill it at once; a damaged, stale or unwritable cache only costs time.
class SiteCache {
 public:
  /// `directory` may be empty: then nothing is kept on disk.
  explicit SiteCache(std::string directory);
  /// $TTRACE_CACHE_DIR, or $XDG_CACHE_HOME/ttrace, or $HOME/.cache/ttrace, or "".
  static std::string default_directory();

  /// The plan of the file behind `fd`. The same (device, inode, size, mtime) is looked up once per
  /// object lifetime; the reference stays valid as long as this object.
  const SitePlan& plan_of(int fd);

 private:
  /// device, inode, size, mtime (s, ns), ctime (s, ns)
  using Identity = std::array<std::uint64_t, 7>;

  std::string directory_;
  std::map<Identity, SitePlan> plans_;  // nodes stay where they are
};

}  // namespace ttrace
