#include <cstring>

#include "rewrite/active_plan.h"
#include "target.h"

// A tick plan as a replay takes it from a trace's store: opened, and asked about places.

namespace {

using namespace ttrace;

constexpr std::size_t kFileSizeAt = 24;  // in the header of src/rewrite/tick_plan.cpp

void ask(const TickPlan& plan) {
  GeneralRegisters regs{};
  const auto read = [](std::uint64_t, std::uint64_t&) { return false; };
  const PlanSegment& stubs = plan.stubs();
  const std::uint64_t step = std::max<std::uint64_t>(1, stubs.length / 64);
  for (std::uint64_t at = 0; at <= stubs.length; at += step) {
    const std::uint64_t address = stubs.address + at;
    const bool due = plan.due(address, {regs, 0, read}).has_value();
    fuzz::require(due == plan.is_due(address), "a due stop that is none");
    if (const auto place = plan.original_pc(address)) (void)plan.copies_of(place->address);
  }
  const auto shared = std::shared_ptr<const TickPlan>(&plan, [](const TickPlan*) {});
  const ActivePlan active(shared, 0, 0);
  Bytes text(2 * kPageSize);
  for (const PlanSegment& segment : plan.segments()) {
    active.restore_original(Address(segment.address), text,
                            [](std::uint64_t, std::span<std::byte> into) {
                              std::fill(into.begin(), into.end(), std::byte{0x90});
                            });
    Mapping mapping;
    mapping.start = Address(segment.address & ~(kPageSize - 1));
    mapping.length = 2 * kPageSize;
    std::uint64_t bias = 0;
    (void)overlays_of(plan, 0, mapping, segment.original_offset, true, bias);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input = fuzz::view_of(data, size);
  Bytes bytes(input.begin(), input.end());
  if (bytes.size() >= kFileSizeAt + sizeof(std::uint64_t)) {
    const std::uint64_t file_size = bytes.size();
    std::memcpy(bytes.data() + kFileSizeAt, &file_size, sizeof file_size);
  }
  fuzz::MemoryFile file(bytes);
  try {
    ask(TickPlan::open(file.take(), false));
  } catch (const Error&) {
    // Refused.
  }
  return 0;
}
