#include "rewrite/system_call_site.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "guests.h"
#include "rewrite/functions.h"
#include "rewrite/tick_plan.h"

namespace ttrace::testing {
namespace {

struct Planned {
  PlanReport report;
  TickPlan plan;
};

Planned plan_of(const std::string& path) {
  PlanReport report;
  const auto bytes = build_tick_plan(open_file(path).value(), report);
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
  unsigned found = 0;
  for (const std::uint64_t at : flow_.system_calls) {
    const std::uint64_t begin = at + 2 - kTrampoline.size();
    const ByteView code = image_->at(begin);
    if (!std::ranges::equal(code.first(kTrampoline.size()),
                            std::as_bytes(std::span(kTrampoline)))) {
      continue;
    }
    ++found;
    EXPECT_FALSE(is_modified(planned.plan, begin, at + 2));
  }
  EXPECT_EQ(found, 1U);
}

TEST_F(SystemCallsOfLibc, AnApproachIsStraightAndItsFirstInstructionHasRoom) {
  const TextPatch nothing(*image_);
  unsigned approaches = 0;
  for (const std::uint64_t at : flow_.system_calls) {
    const Function* function = flow_.function_at(at);
    ASSERT_NE(function, nullptr);
    const auto found = find_approach(*image_, flow_, nothing, *function, at);
    if (!found) continue;
    ++approaches;
    EXPECT_GE(found->front().instruction.length, 5);
    std::uint64_t next = found->front().instruction.address;
    for (const auto& part : *found) {
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
  const auto before = find_approach(*image_, flow_, patch, *function, at);
  ASSERT_TRUE(before);
  patch.write(before->front().instruction.address, {0x90});
  const auto after = find_approach(*image_, flow_, patch, *function, at);
  EXPECT_TRUE(!after || after->front().instruction.address > before->front().instruction.address);
}

}  // namespace
}  // namespace ttrace::testing
