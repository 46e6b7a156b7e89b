#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/registers.h"
#include "base/types.h"
#include "rewrite/tick_plan.h"
#include "trace/event.h"

namespace ttrace {

/// A tick plan where it is mapped: the same tables, in absolute addresses.
class ActivePlan {
 public:
  ActivePlan(std::shared_ptr<const TickPlan> plan, std::uint64_t bias, std::uint32_t original)
      : plan_(std::move(plan)), bias_(bias), original_(original) {}

  const TickPlan& plan() const { return *plan_; }
  std::uint64_t bias() const { return bias_; }
  /// Object of the binary whose text it replaces.
  std::uint32_t original() const { return original_; }

  bool in_stubs(Address at) const { return plan_->in_stubs(at.value() - bias_); }
  bool is_due(Address int3) const { return plan_->is_due(int3.value() - bias_); }
  /// See TickPlan::due; the counter just reached zero at `int3`. Addresses are absolute.
  std::optional<DueStop> due(
      Address int3, const GeneralRegisters& regs,
      std::function<bool(std::uint64_t address, std::uint64_t& value)> read) const {
    return plan_->due(int3.value() - bias_, {regs, bias_, std::move(read)});
  }
  /// Where copies of the instruction at that address lie; absolute.
  std::vector<Address> copies_of(Address at) const {
    std::vector<Address> copies;
    for (const std::uint64_t copy : plan_->copies_of(at.value() - bias_)) {
      copies.emplace_back(copy + bias_);
    }
    return copies;
  }
  /// The original bytes of [at, at + into.size()) where the plan changed them; `original` reads the
  /// binary's file.
  void restore_original(
      Address at, std::span<std::byte> into,
      const std::function<void(std::uint64_t offset, std::span<std::byte>)>& original) const;
  /// The address lies in changed text, but not at the beginning of a change: no instruction of the
  /// text as it runs begins there.
  bool is_inside_change(Address at) const;

  /// See TickPlan::original_pc; absolute.
  std::optional<OriginalPlace> original_place(Address pc) const {
    auto place = plan_->original_pc(pc.value() - bias_);
    if (place) place->address += bias_;
    return place;
  }

 private:
  std::shared_ptr<const TickPlan> plan_;
  std::uint64_t bias_;
  std::uint32_t original_;
};

/// The plan whose stubs hold the address, or null.
const ActivePlan* plan_of_stub(std::span<const ActivePlan> plans, Address at);

/// A thread at this place may be in the middle of counting: neither may the counter be written nor
/// the place be shown.
bool is_counting(std::span<const ActivePlan> plans, Address pc);

/// Where a thread is in the original program: its registers with the stub taken out.
GeneralRegisters outside_stubs(std::span<const ActivePlan> plans, GeneralRegisters regs);

/// The name that mappings of stubs go by.
inline constexpr const char* kStubsName = "[ttrace]";

/// What of a plan belongs over a mapping of its binary: its text, and its stubs if `with_stubs`.
/// `bias` tells the load bias that follows. Empty: nothing.
std::vector<Mapping> overlays_of(const TickPlan& plan, std::uint32_t plan_object,
                                 const Mapping& text, std::uint64_t offset, bool with_stubs,
                                 std::uint64_t& bias);

}  // namespace ttrace
