#include "rewrite/active_plan.h"

#include <sys/mman.h>

#include <algorithm>

namespace ttrace {

void ActivePlan::restore_original(
    Address at, std::span<std::byte> into,
    const std::function<void(std::uint64_t offset, std::span<std::byte>)>& original) const {
  const std::uint64_t begin = at.value() - bias_;
  const std::uint64_t end = begin + into.size();
  // They ascend and do not overlap.
  const auto& ranges = plan_->modified();
  auto first = std::partition_point(ranges.begin(), ranges.end(), [&](const ModifiedRange& range) {
    return range.address + range.length <= begin;
  });
  for (; first != ranges.end() && first->address < end; ++first) {
    const ModifiedRange& range = *first;
    const std::uint64_t from = std::max(begin, range.address);
    const std::uint64_t to = std::min(end, range.address + range.length);
    if (from >= to) continue;
    for (const PlanSegment& segment : plan_->segments()) {
      if (from < segment.address || from - segment.address >= segment.length) continue;
      original(segment.original_offset + (from - segment.address),
               into.subspan(from - begin, to - from));
    }
  }
}

bool ActivePlan::is_inside_change(Address at) const {
  const std::uint64_t address = at.value() - bias_;
  const auto& ranges = plan_->modified();
  auto after = std::upper_bound(
      ranges.begin(), ranges.end(), address,
      [](std::uint64_t value, const ModifiedRange& range) { return value < range.address; });
  if (after == ranges.begin()) return false;
  const ModifiedRange& range = *std::prev(after);
  return address > range.address && address - range.address < range.length;
}

const ActivePlan* plan_of_stub(std::span<const ActivePlan> plans, Address at) {
  for (const ActivePlan& plan : plans) {
    if (plan.in_stubs(at)) return &plan;
  }
  return nullptr;
}

bool is_counting(std::span<const ActivePlan> plans, Address pc) {
  const ActivePlan* plan = plan_of_stub(plans, pc);
  if (plan == nullptr) return false;
  const auto place = plan->original_place(pc);
  return !place || !place->executes;
}

GeneralRegisters outside_stubs(std::span<const ActivePlan> plans, GeneralRegisters regs) {
  for (const ActivePlan& plan : plans) {
    if (const auto place = plan.original_place(Address(regs.rip))) {
      regs.rip = place->address;
      regs.rsp += place->stack_adjust;
      break;
    }
  }
  return regs;
}

std::vector<Mapping> overlays_of(const TickPlan& plan, std::uint32_t plan_object,
                                 const Mapping& text, std::uint64_t offset, bool with_stubs,
                                 std::uint64_t& bias) {
  std::vector<Mapping> overlays;
  for (const PlanSegment& segment : plan.segments()) {
    if (segment.original_offset < offset || segment.length > text.length ||
        segment.original_offset - offset > text.length - segment.length) {
      continue;
    }
    Mapping overlay;
    overlay.start = text.start + (segment.original_offset - offset);
    overlay.length = segment.length;
    overlay.protection = text.protection;
    overlay.name = text.name;
    overlay.backing = ObjectRef{plan_object, segment.plan_offset};
    bias = overlay.start.value() - segment.address;
    overlays.push_back(std::move(overlay));
  }
  if (!overlays.empty() && with_stubs && plan.stubs().length != 0) {
    Mapping stubs;
    stubs.start = Address(plan.stubs().address + bias);
    stubs.length = plan.stubs().length;
    stubs.protection = PROT_READ | PROT_EXEC;
    stubs.name = kStubsName;
    stubs.backing = ObjectRef{plan_object, plan.stubs().plan_offset};
    overlays.insert(overlays.begin(), std::move(stubs));
  }
  return overlays;
}

}  // namespace ttrace
