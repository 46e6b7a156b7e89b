#pragma once

#include <cstdint>
#include <vector>

#include "rewrite/code_image.h"
#include "rewrite/functions.h"
#include "rewrite/instruction.h"

namespace ttrace {

/// A function that was decoded from its first byte to its last.
struct Function {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t exceptions = 0;  ///< its exception table, or 0
  /// Every byte belongs to an instruction, and no direct branch of the binary leads into the middle
  /// of one. Nothing in an unsound function is patched.
  bool sound = true;
  bool ends_with_transfer = false;  ///< execution never runs off its end
  /// It has an indirect jump through a register for which no jump table was recognised: any of its
  /// instructions may be a target that nobody sees.
  bool unresolved_jump = false;
};

/// A transfer that may close a cycle.
struct Transfer {
  std::uint64_t address = 0;
  std::uint64_t target = 0;  ///< direct ones; 0 else
  std::uint64_t memory = 0;  ///< RIP-relative operand of an indirect one; 0 else
  std::uint64_t table = 0;   ///< indirect jump: the jump table it was seen to use; 0 else
  /// Where its stretch of code begins: the byte after the last instruction that does not go on. It
  /// is reached if something leads into the stretch.
  std::uint64_t stretch = 0;
  std::uint32_t function = 0;  ///< index
  std::uint8_t length = 0;
  std::uint8_t relative_size = 0;
  Flow flow = Flow::jump;
  bool plain = true;

  std::uint64_t end() const { return address + length; }
};

/// NOPs, one after the other.
struct NopRun {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool dead = false;  ///< what precedes it does not go on
  std::uint32_t function = 0;
};

/// What one linear pass over all functions found. "Targets" are all addresses at which execution
/// may arrive other than from the instruction before: direct transfers, addresses that code or data
/// mention, landing pads, jump tables. There may be more of them than really are, never fewer as
/// far as compilers' ways of forming addresses are known.
struct ControlFlow {
  std::vector<Function> functions;          ///< ascending, not overlapping
  std::vector<Transfer> transfers;          ///< ascending; backward or indirect ones only
  std::vector<NopRun> nops;                 ///< ascending, of 2 bytes and more
  std::vector<std::uint64_t> system_calls;  ///< ascending; SYSCALL instructions
  AddressSet starts;                        ///< first bytes of instructions
  AddressSet targets;
  std::vector<std::uint64_t> data_mentioned;  ///< where RIP-relative LEA point outside of functions

  /// The function that contains an address, or null.
  const Function* function_at(std::uint64_t address) const;
  /// Whether something leads into the stretch of code that contains the transfer.
  bool reached(const Transfer& t) const {
    return t.stretch == functions[t.function].begin || targets.any_in(t.stretch, t.address + 1);
  }
};

/// Decodes every function; entry_points.h completes the targets.
ControlFlow scan_control_flow(const CodeImage& image, std::vector<FunctionRange> ranges,
                              bool fixed_address);

}  // namespace ttrace
