#include "rewrite/tick_plan.h"

#include <sys/mman.h>
#include <xxhash.h>

#include <algorithm>
#include <random>

#include "guests.h"
#include "rewrite/functions.h"
#include "rewrite/instruction.h"

namespace ttrace::testing {
namespace {

Fd file_of(const Bytes& bytes) {
  Fd fd(::memfd_create("plan", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.value(), bytes.data(), bytes.size()), ssize_t(bytes.size()));
  return fd;
}

Bytes plan_bytes(const std::string& path) {
  PlanReport report;
  auto bytes = build_tick_plan(open_file(path).value(), report);
  EXPECT_TRUE(bytes) << report.refusal;
  return bytes.value_or(Bytes());
}

TEST(TickPlan, PatchesOnlyWhatItSaysAndKeepsEveryOtherInstruction) {
  for (const LoadedBinary& binary : loaded_binaries()) {
    const TickPlan plan = TickPlan::open(file_of(plan_bytes(binary.path)));
    const Bytes original = read_file(binary.path);
    const auto is_modified = [&](std::uint64_t address) {
      auto next = std::upper_bound(
          plan.modified().begin(), plan.modified().end(), address,
          [](std::uint64_t at, const ModifiedRange& range) { return at < range.address; });
      if (next == plan.modified().begin()) return false;
      --next;
      return address - next->address < next->length;
    };
    ASSERT_FALSE(plan.segments().empty()) << binary.path;
    for (const PlanSegment& segment : plan.segments()) {
      Bytes patched(segment.length);
      ASSERT_EQ(::pread(plan.fd(), patched.data(), patched.size(), off_t(segment.plan_offset)),
                ssize_t(patched.size()));
      for (std::uint64_t i = 0; i < segment.length; ++i) {
        const std::uint64_t offset = segment.original_offset + i;
        const std::byte before = offset < original.size() ? original[offset] : std::byte(0);
        if (patched[i] != before) {
          ASSERT_TRUE(is_modified(segment.address + i)) << binary.path << std::hex << offset;
        }
      }
    }
  }
}

TEST(TickPlan, StubsLieDirectlyBeforeASharedObject) {
  const TickPlan plan = TickPlan::open(file_of(plan_bytes(loaded_binary("libc.so").path)));
  EXPECT_GT(plan.stubs().length, 0U);
  EXPECT_EQ(plan.stubs().address + plan.stubs().length, 0U);  // linked from 0 on
  EXPECT_GT(plan.due_count(), 1000U);
}

TEST(TickPlan, SitesAreTrapsInThePatchedText) {
  const LoadedBinary loader = loaded_binary("ld-linux");
  const TickPlan plan = TickPlan::open(file_of(plan_bytes(loader.path)));
  ASSERT_EQ(plan.sites().size(), analyse_path(loader.path).sites.size());
  ASSERT_FALSE(plan.sites().empty());
  for (const Site& site : plan.sites())
    for (const PlanSegment& segment : plan.segments()) {
      if (site.file_offset - segment.original_offset >= segment.length) continue;
      std::uint8_t byte = 0;
      const std::uint64_t at = segment.plan_offset + (site.file_offset - segment.original_offset);
      ASSERT_EQ(::pread(plan.fd(), &byte, 1, off_t(at)), 1);
      EXPECT_EQ(byte, 0xcc);
    }
}

TEST(TickPlan, EveryPlaceInAStubHasAnOriginalInstruction) {
  const LoadedBinary libc = loaded_binary("libc.so");
  const TickPlan plan = TickPlan::open(file_of(plan_bytes(libc.path)));
  const Fd fd = open_file(libc.path);
  const ElfFile file = ElfFile::open(fd.value()).value();
  Bytes stubs(plan.stubs().length);
  ASSERT_EQ(::pread(plan.fd(), stubs.data(), stubs.size(), off_t(plan.stubs().plan_offset)),
            ssize_t(stubs.size()));
  InstructionDecoder decoder;
  std::size_t copies = 0;
  std::size_t traps = 0;
  for (std::uint64_t at = 0; at < stubs.size();) {
    const std::uint64_t address = plan.stubs().address + at;
    ASSERT_TRUE(decoder.decode(ByteView(stubs).subspan(at), address)) << std::hex << at;
    const auto place = plan.original_pc(address);
    if (!place) {  // the unused end of the last page
      ASSERT_TRUE(std::all_of(stubs.begin() + std::ptrdiff_t(at), stubs.end(),
                              [](std::byte b) { return b == std::byte(0xcc); }));
      break;
    }
    if (plan.is_due(address)) ++traps;
    if (const Instruction& jump = decoder.instruction();
        is_direct(jump.flow) && !plan.in_stubs(jump.target)) {
      // Never into the middle of a patch.
      const auto there = plan.original_pc(jump.target);
      EXPECT_TRUE(!there || there->address == jump.target) << std::hex << jump.target;
    }
    if (place->executes) {
      // A copy does what the original does: the same mnemonic, but for calls that became jumps and
      // conditions that were turned round.
      const auto copy = decoder.details().mnemonic;
      const Flow flow = decoder.instruction().flow;
      InstructionDecoder there;
      const Bytes bytes = file.read_at(place->address, 15);
      ASSERT_TRUE(there.decode(bytes, place->address)) << std::hex << place->address;
      if (flow == Flow::next) {
        EXPECT_EQ(there.details().mnemonic, copy) << std::hex << place->address;
        ++copies;
      }
    }
    at += decoder.instruction().length;
  }
  EXPECT_EQ(traps, plan.due_count());
  EXPECT_GT(copies, 100U);
}

TEST(TickPlan, AFlippedByteIsNoticed) {
  const Bytes good = plan_bytes(loaded_binary("ld-linux").path);
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    Bytes bad = good;
    const std::size_t at = i < 100 ? std::size_t(i) : random() % bad.size();
    bad[at] ^= std::byte(1 << random() % 8);
    EXPECT_THROW(TickPlan::open(file_of(bad)), TraceError) << at;
  }
  EXPECT_NO_THROW(TickPlan::open(file_of(good)));
}

TEST(TickPlan, ATruncatedOrLongerFileIsRefused) {
  const Bytes good = plan_bytes(loaded_binary("ld-linux").path);
  for (const std::size_t size : {std::size_t(0), std::size_t(7), std::size_t(100),
                                 std::size_t(4096), good.size() / 2, good.size() - 1}) {
    EXPECT_THROW(
        TickPlan::open(file_of(Bytes(good.begin(), good.begin() + std::ptrdiff_t(size))), false),
        TraceError);
  }
  Bytes longer = good;
  longer.push_back(std::byte(0));
  EXPECT_THROW(TickPlan::open(file_of(longer), false), TraceError);
}

/// Without the checksum: whatever tables say, opening and asking does not go astray.
TEST(TickPlan, NoDamageLeadsAstray) {
  const Bytes good = plan_bytes(loaded_binary("ld-linux").path);
  std::mt19937 random(7);
  int accepted = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes bad = good;
    const std::size_t reach = i % 2 == 0 ? 200 : 60000;
    for (int n = 0; n < 3; ++n) {
      const std::size_t at = random() % std::min(reach, bad.size());
      bad[at] = std::byte(random() % 3 == 0 ? 0xff : random());
    }
    try {
      const TickPlan plan = TickPlan::open(file_of(bad), false);
      ++accepted;
      const GeneralRegisters registers{};
      const StoppedThread thread{registers, 0, [](std::uint64_t, std::uint64_t&) { return false; }};
      for (int n = 0; n < 20; ++n) {
        const std::uint64_t address = plan.stubs().address + random() % 100000;
        plan.due(address, thread);
        plan.original_pc(address);
      }
      for (const PlanSegment& segment : plan.segments()) {
        ASSERT_LE(segment.plan_offset + segment.length, bad.size());
      }
    } catch (const TraceError&) {
      // The usual case.
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(TickPlan, FilesThatAreNoBinariesGetNone) {
  PlanReport report;
  EXPECT_FALSE(build_tick_plan(open_file("/dev/null").value(), report));
  EXPECT_FALSE(build_tick_plan(open_file("/proc/self/maps").value(), report));
  EXPECT_FALSE(report.refusal.empty());
}

TEST(TickPlan, DamagedBinariesGetAPlanOrNone) {
  const Bytes good = read_file(loaded_binary("ld-linux").path);
  std::mt19937 random(3);
  for (int i = 0; i < 150; ++i) {
    Bytes bad = good;
    const std::size_t reach = i % 3 == 0 ? 1024 : bad.size();
    for (int n = 0; n < 8; ++n) bad[random() % reach] = std::byte(random());
    if (i % 10 == 0) bad.resize(random() % bad.size());
    PlanReport report;
    const auto bytes = build_tick_plan(file_of(bad).value(), report);
    if (bytes) {
      EXPECT_NO_THROW(TickPlan::open(file_of(*bytes)));
    } else {
      EXPECT_FALSE(report.refusal.empty());
    }
  }
}

TEST(TickPlan, APlanIsAFunctionOfItsBinary) {
  const std::string path = loaded_binary("libstdc++").path;
  EXPECT_EQ(plan_bytes(path), plan_bytes(path));
}

}  // namespace
}  // namespace ttrace::testing
