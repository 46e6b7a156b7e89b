#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/abi.h"
#include "rewrite/instruction.h"
#include "rewrite/tick_plan.h"

namespace ttrace {

/// The operand of an indirect transfer, as far as it is understood.
struct IndirectOperand {
  bool in_register = false;
  std::uint8_t base = TickPlan::DueEntry::kNone;
  std::uint8_t index = TickPlan::DueEntry::kNone;
  std::uint8_t scale = 1;
  std::int32_t displacement = 0;
  std::uint64_t memory = 0;  ///< RIP-relative
};

/// Empty for segment overrides and the like.
std::optional<IndirectOperand> operand_of(const Instruction&, const ZydisDecodedInstruction&);

/// What a stub tells the agent of its instruction; empty: it is a SYSCALL.
using AgentWord = std::optional<agent::InstructionWord>;

/// Machine code that is not placed yet: positions count from its beginning; distances to text are
/// filled in by place().
class StubCode {
 public:
  using Position = std::uint32_t;

  Position size() const { return Position(code_.size()); }

  /// Counts one tick, then goes on at `target`.
  Position count_and_jump(std::uint64_t target, bool flags_dead);
  /// Counts one tick, then goes on behind itself, where the caller writes a copy of `target`.
  Position count_and_continue(std::uint64_t target, bool flags_dead);
  /// Counts one tick, then executes the indirect transfer as a jump. `stack_adjust` as in
  /// OriginalPlace.
  Position count_and_jump_indirect(const Instruction&, const ZydisDecodedInstruction&,
                                   ByteView bytes, const IndirectOperand&, bool flags_dead,
                                   std::uint8_t stack_adjust);

  /// Goes to the agent (agent/abi.h) if that is on, else to the instruction at `instruction`, which
  /// stays in the text. No register and no flag changes on the way.
  void call_agent(std::uint64_t instruction, const AgentWord& word);

  /// Copies an original instruction, re-basing its RIP-relative operand.
  void copy(const Instruction&, const ZydisDecodedInstruction&, ByteView bytes);
  /// `jmp` to original text: a copy of the jump at `original`, or (`executes` false) one that the
  /// original program does not have, before it goes on at `original`.
  void jump_to_text(std::uint64_t target, std::uint64_t original, bool executes);
  /// An original conditional branch (its condition is the low four bits of `opcode`) or jump.
  /// Return the position of the distance, for bind().
  Position branch(std::uint8_t condition, const Instruction& original);
  Position jump(const Instruction& original);
  Position branch_to_text(std::uint8_t condition, std::uint64_t target,
                          const Instruction& original);
  void bind(Position distance, Position target);

  /// Fills in everything that depends on where the code and the text lie relative to each other.
  void place(std::uint64_t stubs, std::uint64_t origin);

  const Bytes& code() const { return code_; }
  std::vector<TickPlan::DueEntry>& due() { return due_; }
  std::vector<TickPlan::PlaceEntry>& places() { return places_; }

 private:
  struct Fixup {
    Position at = 0;           ///< of a 32-bit distance
    Position end = 0;          ///< what it counts from
    std::uint64_t target = 0;  ///< linked address
  };
  struct Due {
    Position at = 0;
    std::uint64_t target = 0;
    std::optional<Position> resume;
    TickPlan::DueEntry entry;
    std::uint64_t memory = 0;
  };
  struct Place {
    Position at = 0;
    std::uint64_t original = 0;
    std::uint16_t length = 0;
    std::uint8_t stack_adjust = 0;
    bool executes = false;
  };

  void emit(std::initializer_list<unsigned> bytes);
  void emit32(std::uint32_t value);
  void emit_distance(std::uint64_t target);
  void mark(Position from, std::uint64_t original, bool executes, std::uint8_t adjust = 0);
  void emit_transfer(const Instruction&, const ZydisDecodedInstruction&, ByteView, bool as_jump);

  Bytes code_;
  std::vector<Fixup> fixups_;
  std::vector<Due> dues_;
  std::vector<Place> marks_;
  std::vector<TickPlan::DueEntry> due_;
  std::vector<TickPlan::PlaceEntry> places_;
};

}  // namespace ttrace
