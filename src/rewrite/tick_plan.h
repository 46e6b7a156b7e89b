#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/registers.h"
#include "base/unforked.h"
#include "rewrite/content_key.h"
#include "rewrite/sites.h"

namespace ttrace {

/// Goes up whenever build_tick_plan() may give another plan for the same file.
inline constexpr std::uint32_t kTickPlannerVersion = 6;

/// A stretch of whole pages of a plan file and where it belongs. Addresses here and below are
/// virtual addresses as linked: add the load bias (0 for ET_EXEC), modulo 2^64, since the stubs of
/// a shared object lie before its address 0.
struct PlanSegment {
  std::uint64_t address = 0;
  std::uint64_t length = 0;
  std::uint64_t original_offset = 0;  ///< in the binary; text only
  std::uint64_t plan_offset = 0;      ///< in the plan file
};

/// Original bytes that the patched text does not show.
struct ModifiedRange {
  std::uint64_t address = 0;
  std::uint64_t length = 0;
};

/// Where a program counter inside a stub, an island or a longer patch is in the original program.
struct OriginalPlace {
  std::uint64_t address = 0;
  /// To be added to the stack pointer for the state before the original instruction: 8 inside the
  /// stub of an indirect call, whose return address is pushed already.
  std::uint8_t stack_adjust = 0;
  /// The instruction there is (a copy of) an original one. Others count as nothing.
  bool executes = false;
};

/// What to do when the counter reached zero, at the INT3 of a stub.
struct DueStop {
  /// Where the original program is: the target of the branch just counted.
  std::uint64_t target = 0;
  /// Where execution goes on. The same, except in loops that are counted once in several turns:
  /// there it is a copy of the target inside the stub. A thread that is only switched must go on
  /// there, so that the number of ticks does not depend on where it was stopped; shown to anyone
  /// (a debugger, a signal frame) it is `target`.
  std::uint64_t resume = 0;
};

/// What a due stop may ask for; registers as they are at the INT3, and memory of the tracee.
struct StoppedThread {
  const GeneralRegisters& registers;
  std::uint64_t bias = 0;
  /// Reads 8 bytes at an absolute address; false if they are not readable.
  std::function<bool(std::uint64_t address, std::uint64_t& value)> read;
};

/// The tick plan of one binary: patched text and stubs ready to be mapped, and the tables that go
/// with them. Plan files are read from a cache or a trace's store: everything is checked at open().
class TickPlan {
 public:
  /// Takes the file. Throws TraceError for one that is damaged or of another version. With
  /// `verify`, the checksum over the whole file is compared too.
  static TickPlan open(Fd fd, bool verify = true);

  int fd() const { return fd_.value(); }
  const ContentKey& key() const { return key_; }
  /// kTickPlannerVersion of the program that made it.
  std::uint32_t planner() const { return planner_; }
  /// Patched text to map over the original: MAP_FIXED | MAP_PRIVATE, as executable as that was.
  const std::vector<PlanSegment>& segments() const { return segments_; }
  /// To map with PROT_READ | PROT_EXEC; length 0 if nothing is counted.
  const PlanSegment& stubs() const { return stubs_; }
  /// RDRAND, RDSEED, CPUID: their first byte is INT3 in the patched text.
  const std::vector<Site>& sites() const { return sites_; }
  const UnforkedVector<ModifiedRange>& modified() const { return modified_; }
  const std::string& warning() const { return warning_; }

  bool in_stubs(std::uint64_t address) const { return address - stubs_.address < stubs_.length; }

  /// `address`: of the INT3 itself (the stopped program counter less one), less the bias. Empty if
  /// that is no due stop. Both results are absolute, the bias included. An indirect jump whose
  /// operand cannot be read goes on in the stub, where it faults as the original would; there
  /// `target` is the jump itself.
  std::optional<DueStop> due(std::uint64_t address, const StoppedThread& thread) const;
  bool is_due(std::uint64_t address) const;
  std::size_t due_count() const { return due_.size(); }

  /// Empty for an address that means itself.
  std::optional<OriginalPlace> original_pc(std::uint64_t address) const;
  /// Where copies of an original instruction lie, for breakpoints; without the original place.
  std::vector<std::uint64_t> copies_of(std::uint64_t address) const;

  /// As they lie in the file. All places are distances from `origin`, the lower of the beginnings
  /// of image and stubs.
  struct DueEntry {
    enum Kind : std::uint8_t { fixed, in_register, in_memory };
    std::uint32_t at = 0;      ///< the INT3
    std::uint32_t target = 0;  ///< fixed: the target; else the original instruction
    std::uint32_t resume = 0;  ///< fixed: where to go on; else the copy of the transfer in the stub
    std::int32_t displacement = 0;
    Kind kind = fixed;
    std::uint8_t base = kNone;   ///< index in GeneralRegisters, kNone or kImage
    std::uint8_t index = kNone;  ///< likewise
    std::uint8_t scale = 1;
    static constexpr std::uint8_t kNone = 0xff;
    static constexpr std::uint8_t kImage = 0xfe;  ///< in_memory: displacement is a place
  };
  struct PlaceEntry {
    std::uint32_t at = 0;
    std::uint32_t original = 0;
    std::uint16_t length = 0;
    std::uint8_t stack_adjust = 0;
    std::uint8_t executes = 0;
  };

 private:
  Fd fd_;
  ContentKey key_{};
  std::uint32_t planner_ = 0;
  std::uint64_t origin_ = 0;
  std::vector<PlanSegment> segments_;
  PlanSegment stubs_;
  std::vector<Site> sites_;
  UnforkedVector<ModifiedRange> modified_;
  UnforkedVector<DueEntry> due_;       // ascending by `at`
  UnforkedVector<PlaceEntry> places_;  // ascending by `at`, not overlapping
  std::string warning_;
};

/// What becomes a plan file: filled by the planner.
struct TickPlanContents {
  ContentKey key{};
  std::uint64_t origin = 0;
  std::uint64_t span = 0;  ///< from origin to the end of image and stubs
  struct Part {
    PlanSegment where;  ///< plan_offset is set by encode
    Bytes bytes;
  };
  std::vector<Part> text;
  Part stubs;
  std::vector<Site> sites;
  std::vector<ModifiedRange> modified;
  std::vector<TickPlan::DueEntry> due;
  std::vector<TickPlan::PlaceEntry> places;
  std::string warning;
};

/// Throws Error for contents that no reader would accept.
Bytes encode_tick_plan(TickPlanContents contents);

/// Transfers that close cycles, by kind, and how each kind is counted.
struct PlanReport {
  enum Kind { loop_jump, far_jump, indirect_jump, call, indirect_call, kind_count };
  enum How {
    in_place,    ///< 5 bytes or more
    lengthened,  ///< a short jump and the padding behind it
    island,      ///< a short branch to a jump in padding
    shared,      ///< a short branch to a jump that is there already
    carried,     ///< with its neighbours
    elsewhere,   ///< a counted call that every turn passes
    not_needed,  ///< closes no cycle by itself: forward switch, PLT
    no_room,     ///< uncounted from here on
    unsound,     ///< its function could not be decoded without contradiction
    unreached,   ///< nothing is known to lead there
    odd,         ///< prefixes or operands that are not understood
    how_count
  };
  static const char* name(Kind kind);
  static const char* name(How how);
  static bool is_counted(How how) { return how < not_needed; }

  std::uint64_t functions = 0;
  std::uint64_t unsound_functions = 0;
  std::array<std::array<std::uint64_t, how_count>, kind_count> transfers{};
  std::uint64_t system_calls = 0;  ///< instructions
  std::uint64_t patched_system_calls = 0;
  std::uint64_t patched_sites = 0;          ///< RDRAND, RDSEED, CPUID
  std::uint64_t patched_counter_reads = 0;  ///< RDTSC, RDTSCP
  std::uint64_t sparse_loops = 0;           ///< targets counted once in several turns
  std::uint64_t plain_targets = 0;
  std::uint64_t targets_with_live_flags = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t stub_bytes = 0;
  std::string refusal;  ///< why there is no plan
};

struct PlanOptions {
  /// False: nothing is counted, and only calls of the agent are stubs.
  bool counts = true;

  // For tests; a plan that is kept has none of these changed.

  /// Linked address of the first stub page; none: before the image.
  std::optional<std::uint64_t> address;
  bool sparse = true;  ///< copies of small loops
  bool sites = true;   ///< INT3 at RDRAND, RDSEED, CPUID; the agent there and at RDTSC
};

/// Analyses the binary behind `fd`. Empty, with report.refusal set, for a file that gets no plan.
/// Never throws for the contents of a file, whatever they are.
std::optional<Bytes> build_tick_plan(int fd, PlanReport& report, const PlanOptions& = {});

}  // namespace ttrace
