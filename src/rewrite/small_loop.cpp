#include "rewrite/small_loop.h"

#include <algorithm>

#include "rewrite/relocate.h"

namespace ttrace {
namespace {

constexpr std::size_t kMostInstructions = 20;
constexpr std::uint64_t kMostBytes = 160;
constexpr std::size_t kCopiedInstructions = 40;  // of all copies together, about
constexpr std::size_t kMostCopies = 8;
constexpr std::size_t kLeastCopies = 2;

}  // namespace

std::optional<SmallLoop> SmallLoop::read(const CodeImage& image, const ControlFlow& flow,
                                         std::uint64_t head, std::uint64_t end) {
  if (end - head > kMostBytes) return std::nullopt;
  const ByteView code = image.at(head);
  if (code.size() < end - head) return std::nullopt;
  SmallLoop loop;
  loop.head_ = head;
  loop.end_ = end;
  InstructionDecoder decoder;
  for (std::uint64_t at = head; at < end;) {
    if (loop.parts_.size() == kMostInstructions || !flow.starts.contains(at)) return std::nullopt;
    if (!decoder.decode(code.subspan(at - head), at)) return std::nullopt;
    const Instruction& instruction = decoder.instruction();
    const ZydisDecodedInstruction& d = decoder.details();
    Part part{instruction, d, code.subspan(at - head, instruction.length), 0};
    if (instruction.flow == Flow::branch || instruction.flow == Flow::jump) {
      if (!instruction.plain) return std::nullopt;
      part.condition = d.opcode & 15;
      const bool inside = instruction.target >= head && instruction.target < end;
      if (inside && !flow.starts.contains(instruction.target)) return std::nullopt;
    } else if (!can_move(instruction, d)) {
      return std::nullopt;
    }
    at = instruction.end();
    loop.parts_.push_back(part);
  }
  if (loop.parts_.empty() || loop.parts_.back().instruction.end() != end) return std::nullopt;
  return loop;
}

bool SmallLoop::leaves_backwards(const Instruction& instruction) const {
  return is_direct(instruction.flow) && instruction.target <= instruction.address &&
         instruction.target != head_;
}

std::vector<std::uint64_t> SmallLoop::backward_exits() const {
  std::vector<std::uint64_t> exits;
  for (const Part& part : parts_)
    if (leaves_backwards(part.instruction)) exits.push_back(part.instruction.target);
  return exits;
}

StubCode::Position SmallLoop::emit(
    StubCode& stubs, bool flags_dead,
    const std::function<StubCode::Position(std::uint64_t)>& stub_of) const {
  struct Pending {
    StubCode::Position distance;
    std::uint64_t target;  // in this loop
    std::size_t copy;
  };
  const std::size_t copies =
      std::clamp(kCopiedInstructions / parts_.size(), kLeastCopies, kMostCopies);
  std::vector<Pending> pending;
  std::vector<StubCode::Position> positions;  // by copy and part
  const StubCode::Position begin = stubs.count_and_continue(head_, flags_dead);
  for (std::size_t copy = 0; copy < copies; ++copy) {
    for (const Part& part : parts_) {
      positions.push_back(stubs.size());
      const Instruction& instruction = part.instruction;
      const std::uint64_t target = instruction.target;
      if (instruction.flow == Flow::next) {
        stubs.copy(instruction, part.details, part.bytes);
      } else if (leaves_backwards(instruction)) {
        stubs.bind(instruction.flow == Flow::jump ? stubs.jump(instruction)
                                                  : stubs.branch(part.condition, instruction),
                   stub_of(target));
      } else if (target >= end_) {
        if (instruction.flow == Flow::jump)
          stubs.jump_to_text(target, instruction.address, true);
        else
          stubs.branch_to_text(part.condition, target, instruction);
      } else if (target == head_ && &part == &parts_.back() && instruction.flow == Flow::branch &&
                 copy + 1 < copies) {
        // Turned round: out of the loop if the condition does not hold, else on with the next copy.
        stubs.branch_to_text(part.condition ^ 1, end_, instruction);
      } else {
        pending.push_back({instruction.flow == Flow::jump
                               ? stubs.jump(instruction)
                               : stubs.branch(part.condition, instruction),
                           target, copy});
      }
    }
  }
  if (parts_.back().instruction.flow == Flow::branch) stubs.jump_to_text(end_, end_, false);

  for (const Pending& p : pending) {
    if (p.target == head_) {
      stubs.bind(p.distance, p.copy + 1 < copies ? positions[(p.copy + 1) * parts_.size()] : begin);
      continue;
    }
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& candidate) {
      return candidate.instruction.address == p.target;
    });
    stubs.bind(p.distance, positions[p.copy * parts_.size() + std::size_t(part - parts_.begin())]);
  }
  return begin;
}

}  // namespace ttrace
