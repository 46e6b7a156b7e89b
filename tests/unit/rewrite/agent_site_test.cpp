#include "rewrite/agent_site.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "agent/abi.h"
#include "guests.h"
#include "rewrite/functions.h"
#include "rewrite/tick_plan.h"

namespace ttrace::testing {
namespace {

struct Planned {
  PlanReport report;
  TickPlan plan;
};

Planned plan_of(const std::string& path, const PlanOptions& options = {}) {
  PlanReport report;
  const auto bytes = build_tick_plan(open_file(path).value(), report, options);
  EXPECT_TRUE(bytes) << report.refusal;
  Fd fd(::memfd_create("plan", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.value(), bytes->data(), bytes->size()), ssize_t(bytes->size()));
  return {report, TickPlan::open(std::move(fd))};
}

bool is_modified(const TickPlan& plan, std::uint64_t begin, std::uint64_t end) {
  return std::any_of(plan.modified().begin(), plan.modified().end(), [&](const ModifiedRange& r) {
    return r.address < end && begin < r.address + r.length;
  });
}

class SystemCallsOfLibc : public ::testing::Test {
 protected:
  const std::string path_ = loaded_binary("libc.so").path;
  const Fd fd_ = open_file(path_);
  const std::optional<ElfFile> file_ = ElfFile::open(fd_.value());
  std::string reason_;
  const std::optional<CodeImage> image_ = CodeImage::load(*file_, reason_);
  const ControlFlow flow_ = scan_control_flow(*image_, functions_from_eh_frame(*file_), false);
};

TEST_F(SystemCallsOfLibc, NearlyAllAreReachedThroughStubs) {
  const Planned planned = plan_of(path_);
  EXPECT_GT(planned.report.system_calls, 400U);
  EXPECT_GT(planned.report.patched_system_calls * 10, planned.report.system_calls * 9);
}

TEST_F(SystemCallsOfLibc, InstructionsStayWhereTheyAre) {
  const Planned planned = plan_of(path_);
  ASSERT_FALSE(flow_.system_calls.empty());
  for (const std::uint64_t at : flow_.system_calls)
    EXPECT_FALSE(is_modified(planned.plan, at, at + 2)) << std::hex << at;
}

TEST_F(SystemCallsOfLibc, TheSignalTrampolineIsLeftAlone) {
  // mov $15, %rax; syscall: unwinders compare these bytes.
  constexpr std::array<std::uint8_t, 9> kTrampoline = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
  const Planned planned = plan_of(path_);
  const auto trampoline = std::as_bytes(std::span(kTrampoline));
  unsigned found = 0;
  for (const TextSegment& text : image_->segments()) {
    const auto at =
        std::search(text.bytes.begin(), text.bytes.end(), trampoline.begin(), trampoline.end());
    if (at == text.bytes.end()) continue;
    ++found;
    const std::uint64_t begin = text.address + std::uint64_t(at - text.bytes.begin());
    EXPECT_FALSE(is_modified(planned.plan, begin, begin + kTrampoline.size()));
  }
  EXPECT_EQ(found, 1U);
}

TEST_F(SystemCallsOfLibc, AnApproachIsStraightAndHasRoomForAJump) {
  const TextPatch nothing(*image_);
  unsigned approaches = 0;
  for (const std::uint64_t at : flow_.system_calls) {
    const Function* function = flow_.function_at(at);
    ASSERT_NE(function, nullptr);
    const auto found = find_approach(*image_, flow_, nothing, *function, {at, {}});
    if (!found) continue;
    ++approaches;
    std::uint64_t next = found->way.front().instruction.address;
    const std::uint64_t replaced = found->replaced;
    EXPECT_GE(replaced, 5U);
    EXPECT_LE(next + replaced, at);
    EXPECT_TRUE(found->way.front().instruction.length == replaced ||
                !flow_.targets.any_in(next + 1, next + 5));
    for (const auto& part : found->way) {
      EXPECT_EQ(part.instruction.address, next);
      EXPECT_TRUE(part.instruction.flow == Flow::next || part.instruction.flow == Flow::branch);
      next = part.instruction.end();
    }
    EXPECT_EQ(next, at);
  }
  EXPECT_GT(approaches, 400U);
}

TEST_F(SystemCallsOfLibc, WhatIsPatchedAlreadyIsNoApproach) {
  const std::uint64_t at = flow_.system_calls.at(flow_.system_calls.size() / 2);
  const Function* function = flow_.function_at(at);
  TextPatch patch(*image_);
  const auto before = find_approach(*image_, flow_, patch, *function, {at, {}});
  ASSERT_TRUE(before);
  patch.write(before->way.front().instruction.address, {0x90});
  const auto after = find_approach(*image_, flow_, patch, *function, {at, {}});
  EXPECT_TRUE(!after ||
              after->way.front().instruction.address > before->way.front().instruction.address);
}

/// The C library's loader asks what the CPU is: for x86-64 with some 40 CPUID.
class CpuidsOfTheLoader : public ::testing::Test {
 protected:
  std::uint64_t address_of(const Site& site) const {
    for (const TextSegment& text : image_->segments())
      if (site.file_offset - text.offset < text.bytes.size())
        return text.address + (site.file_offset - text.offset);
    return 0;
  }
  std::vector<std::uint64_t> cpuids() const {
    std::vector<std::uint64_t> addresses;
    for (const Site& site : analyse_sites(fd_.value()).sites)
      if (site.kind == InstructionEvent::Kind::cpuid) addresses.push_back(address_of(site));
    return addresses;
  }

  const std::string path_ = loaded_binary("ld-linux").path;
  const Fd fd_ = open_file(path_);
  const std::optional<ElfFile> file_ = ElfFile::open(fd_.value());
  std::string reason_;
  const std::optional<CodeImage> image_ = CodeImage::load(*file_, reason_);
};

TEST_F(CpuidsOfTheLoader, MostAreReachedThroughStubs) {
  const Planned planned = plan_of(path_);
  EXPECT_GT(cpuids().size(), 20U);
  EXPECT_GT(planned.report.patched_sites * 10, cpuids().size() * 8);
}

TEST_F(CpuidsOfTheLoader, StayWhereTheyAreAsTraps) {
  const Planned planned = plan_of(path_);
  for (const std::uint64_t at : cpuids()) {
    EXPECT_TRUE(is_modified(planned.plan, at, at + 1)) << std::hex << at;
    EXPECT_FALSE(is_modified(planned.plan, at + 1, at + 2)) << std::hex << at;
  }
}

/// What a stub makes of rcx and tells of the instruction, as the agent is entered (agent/abi.h).
TEST_F(CpuidsOfTheLoader, StubsTellTheAgentWhatIsWhere) {
  constexpr std::array<std::uint8_t, 7> kStore = {0xc7, 0x04, 0x25, 0x98, 0x10, 0x00, 0x70};
  constexpr std::array<std::uint8_t, 7> kJump = {0xff, 0x24, 0x25, 0x68, 0x10, 0x00, 0x70};
  static_assert(agent::kHeadAddress + offsetof(agent::Head, instruction) == 0x70001098);
  static_assert(agent::kHeadAddress + offsetof(agent::Head, instruction_entry) == 0x70001068);
  const Planned planned = plan_of(path_);
  Bytes stubs(planned.plan.stubs().length);
  ASSERT_EQ(::pread(planned.plan.fd(), stubs.data(), stubs.size(),
                    off_t(planned.plan.stubs().plan_offset)),
            ssize_t(stubs.size()));
  const SitePlan sites = analyse_sites(fd_.value());
  std::map<std::uint64_t, InstructionEvent::Kind> told;  // by what rcx then holds
  for (const auto* some : {&sites.sites, &sites.counter_reads})
    for (const Site& site : *some) told[address_of(site) + agent::kSyscallLength] = site.kind;

  const auto store = std::as_bytes(std::span(kStore));
  const auto jump = std::as_bytes(std::span(kJump));
  std::uint64_t found = 0;
  for (auto at = stubs.begin();; ++at) {
    at = std::search(at, stubs.end(), store.begin(), store.end());
    if (at == stubs.end()) break;
    ++found;
    const auto stored = at + store.size();
    agent::InstructionWord word;
    std::memcpy(&word, &*stored, sizeof word);
    // lea distance(%rip), %rcx of seven bytes
    const auto lea_end = stored + sizeof word + 7;
    EXPECT_TRUE(std::equal(jump.begin(), jump.end(), lea_end));
    std::int32_t distance;
    std::memcpy(&distance, &*(lea_end - sizeof distance), sizeof distance);
    const std::uint64_t end = planned.plan.stubs().address + std::uint64_t(lea_end - stubs.begin());
    const auto site = told.find(end + std::uint64_t(std::int64_t(distance)));
    ASSERT_NE(site, told.end());
    EXPECT_EQ(InstructionEvent::Kind(word.kind), site->second);
    EXPECT_EQ(word.length, 2);
  }
  EXPECT_GT(planned.report.patched_counter_reads, 0U);
  EXPECT_GE(found, planned.report.patched_sites + planned.report.patched_counter_reads);
}

TEST_F(CpuidsOfTheLoader, WithoutCountingTheSameAreStubs) {
  PlanOptions options;
  options.counts = false;
  const Planned counted = plan_of(path_);
  const Planned uncounted = plan_of(path_, options);
  EXPECT_GT(counted.plan.due_count(), 100U);
  EXPECT_EQ(uncounted.plan.due_count(), 0U);
  EXPECT_GE(uncounted.report.patched_sites, counted.report.patched_sites);
  // Some are only behind a stub that counts.
  EXPECT_GT(uncounted.report.patched_system_calls * 10, counted.report.patched_system_calls * 9);
  EXPECT_LT(uncounted.report.stub_bytes, counted.report.stub_bytes);
}

}  // namespace
}  // namespace ttrace::testing
