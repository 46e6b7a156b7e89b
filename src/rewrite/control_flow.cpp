#include "rewrite/control_flow.h"

#include <algorithm>
#include <array>

namespace ttrace {
namespace {

constexpr std::uint64_t kLongestFunction = std::uint64_t(16) << 20;
// Between the load from a jump table and the jump itself.
constexpr unsigned kTableDistance = 6;

/// Recognises `movslq (base,index,4), r` followed soon by `jmp *r`, where base was last set by a
/// RIP-relative LEA: how compilers write a switch in position-independent code.
class TableWatch {
 public:
  void begin_function() { *this = {}; }

  void see(const Instruction& instruction, const ZydisDecodedInstruction& d) {
    if (load_age_ < kTableDistance) ++load_age_;
    see_pointer(instruction, d);
    if (d.mnemonic == ZYDIS_MNEMONIC_LEA && instruction.memory != 0) {
      base_of_[d.raw.modrm.reg | d.raw.rex.R << 3] = instruction.memory;
    } else if (d.mnemonic == ZYDIS_MNEMONIC_MOVSXD && has_memory_operand(d) &&
               d.raw.modrm.rm == 4 && d.raw.sib.scale == 2 && d.raw.disp.size == 0) {
      table_ = base_of_[(d.raw.sib.base & 7) | d.raw.rex.B << 3];
      load_age_ = 0;
    }
  }
  std::uint64_t table() const { return load_age_ < kTableDistance ? table_ : 0; }

  /// Whether a register was last loaded from memory as a whole: then it holds an address that was
  /// formed elsewhere, by a relocation or an instruction that mentions it, not by arithmetic here.
  bool is_pointer(unsigned number) const {
    return pointer_age_ < kTableDistance && pointer_ == number;
  }

 private:
  void see_pointer(const Instruction& instruction, const ZydisDecodedInstruction& d) {
    if (pointer_age_ < kTableDistance) ++pointer_age_;
    if (instruction.flow == Flow::indirect_jump) return;
    const unsigned reg = d.raw.modrm.reg | d.raw.rex.R << 3;
    const unsigned rm = d.raw.modrm.rm | d.raw.rex.B << 3;
    const bool modrm = d.attributes & ZYDIS_ATTRIB_HAS_MODRM;
    if (d.mnemonic == ZYDIS_MNEMONIC_MOV && d.opcode == 0x8b && d.operand_width == 64 &&
        has_memory_operand(d)) {
      pointer_ = reg;
      pointer_age_ = 0;
    } else if (instruction.flow != Flow::next || !modrm || reg == pointer_ ||
               (d.raw.modrm.mod == 3 && rm == pointer_)) {
      pointer_age_ = kTableDistance;  // it may have been changed
    }
  }

  std::array<std::uint64_t, 16> base_of_{};
  std::uint64_t table_ = 0;
  unsigned load_age_ = kTableDistance;
  unsigned pointer_ = 0;
  unsigned pointer_age_ = kTableDistance;
};

class Scan {
 public:
  Scan(const CodeImage& image, bool fixed_address) : image_(image), fixed_address_(fixed_address) {
    flow_.starts = AddressSet(image.begin(), image.end());
    flow_.targets = AddressSet(image.begin(), image.end());
  }

  ControlFlow run(std::vector<FunctionRange> ranges) {
    add_functions(std::move(ranges));
    for (std::size_t i = 0; i < flow_.functions.size(); ++i) decode(i);
    find_contradictions();
    std::sort(flow_.data_mentioned.begin(), flow_.data_mentioned.end());
    flow_.data_mentioned.erase(
        std::unique(flow_.data_mentioned.begin(), flow_.data_mentioned.end()),
        flow_.data_mentioned.end());
    return std::move(flow_);
  }

 private:
  void add_functions(std::vector<FunctionRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const FunctionRange& a, const FunctionRange& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    for (const FunctionRange& range : ranges) {
      const ByteView code = image_.at(range.begin);
      if (code.empty()) continue;
      flow_.targets.add(range.begin);
      if (!flow_.functions.empty() && range.begin < flow_.functions.back().end) {
        // Overlapping descriptions: one of them is wrong.
        flow_.functions.back().sound = range.begin == flow_.functions.back().begin;
        if (range.begin == flow_.functions.back().begin) continue;
        flow_.functions.back().end = range.begin;
      }
      Function function;
      function.begin = range.begin;
      function.end =
          std::min(range.end, range.begin + std::min<std::uint64_t>(code.size(), kLongestFunction));
      function.exceptions = range.exceptions;
      if (function.end > function.begin) flow_.functions.push_back(function);
    }
  }

  void decode(std::size_t index) {
    Function& function = flow_.functions[index];
    ByteView code = image_.at(function.begin).first(function.end - function.begin);
    std::uint64_t address = function.begin;
    std::uint64_t stretch = function.begin;
    NopRun run;
    const auto end_run = [&] {
      if (run.end - run.begin >= 2) flow_.nops.push_back(run);
      run = {};
    };
    tables_.begin_function();
    while (!code.empty()) {
      if (!decoder_.decode(code, address)) {
        function.sound = false;
        break;
      }
      const Instruction& instruction = decoder_.instruction();
      flow_.starts.add(address);
      code = code.subspan(instruction.length);
      address = instruction.end();
      if (instruction.nop) {
        if (run.end != instruction.address)
          run = {instruction.address, 0, stretch == instruction.address, std::uint32_t(index)};
        run.end = address;
        continue;
      }
      end_run();
      note(instruction, stretch, index);
      function.ends_with_transfer = ends_block(instruction.flow);
      if (function.ends_with_transfer) stretch = address;
    }
    end_run();
  }

  void note(const Instruction& instruction, std::uint64_t stretch, std::size_t index) {
    const ZydisDecodedInstruction& d = decoder_.details();
    tables_.see(instruction, d);
    if (d.mnemonic == ZYDIS_MNEMONIC_SYSCALL) flow_.system_calls.push_back(instruction.address);
    if (is_direct(instruction.flow)) {
      flow_.targets.add(instruction.target);
      direct_targets_.push_back({instruction.target, std::uint32_t(index)});
      if (instruction.target > instruction.address) return;
      add(instruction, stretch, index);
    } else if (instruction.flow == Flow::indirect_jump || instruction.flow == Flow::indirect_call) {
      add(instruction, stretch, index);
    } else if (instruction.memory != 0) {
      mention(instruction.memory);
    }
    if (fixed_address_) mention_constants(d);
  }

  void mention(std::uint64_t address) {
    flow_.targets.add(address);
    if (decoder_.details().mnemonic == ZYDIS_MNEMONIC_LEA) flow_.data_mentioned.push_back(address);
  }

  /// In code for a fixed address every constant may be one.
  void mention_constants(const ZydisDecodedInstruction& d) {
    for (const auto& immediate : d.raw.imm)
      if (immediate.size >= 32 && !immediate.is_relative)
        flow_.targets.add(immediate.size == 32 ? std::uint32_t(immediate.value.u)
                                               : immediate.value.u);
    if (d.raw.disp.size == 32 && !is_rip_relative(d))
      flow_.targets.add(std::uint32_t(d.raw.disp.value));
  }

  void add(const Instruction& instruction, std::uint64_t stretch, std::size_t index) {
    Transfer transfer;
    transfer.address = instruction.address;
    transfer.target = instruction.target;
    transfer.memory = instruction.memory;
    transfer.stretch = stretch;
    transfer.function = std::uint32_t(index);
    transfer.length = instruction.length;
    transfer.relative_size = instruction.relative_size;
    transfer.flow = instruction.flow;
    transfer.plain = instruction.plain;
    if (instruction.flow == Flow::indirect_jump && !has_memory_operand(decoder_.details())) {
      const auto& modrm = decoder_.details().raw.modrm;
      transfer.table = tables_.table();
      if (transfer.table == 0 && !tables_.is_pointer(modrm.rm | decoder_.details().raw.rex.B << 3))
        flow_.functions[index].unresolved_jump = true;
    }
    flow_.transfers.push_back(transfer);
  }

  /// A jump into the middle of an instruction: one of the two readings is wrong.
  void find_contradictions() {
    for (const auto& [target, from] : direct_targets_) {
      if (flow_.starts.contains(target)) continue;
      const Function* inside = flow_.function_at(target);
      if (!inside) continue;
      flow_.functions[from].sound = false;
      flow_.functions[std::size_t(inside - flow_.functions.data())].sound = false;
    }
  }

  struct DirectTarget {
    std::uint64_t target;
    std::uint32_t from;
  };

  const CodeImage& image_;
  const bool fixed_address_;
  InstructionDecoder decoder_;
  TableWatch tables_;
  ControlFlow flow_;
  std::vector<DirectTarget> direct_targets_;
};

}  // namespace

const Function* ControlFlow::function_at(std::uint64_t address) const {
  auto next = std::upper_bound(
      functions.begin(), functions.end(), address,
      [](std::uint64_t value, const Function& function) { return value < function.begin; });
  if (next == functions.begin()) return nullptr;
  --next;
  return address < next->end ? &*next : nullptr;
}

ControlFlow scan_control_flow(const CodeImage& image, std::vector<FunctionRange> ranges,
                              bool fixed_address) {
  return Scan(image, fixed_address).run(std::move(ranges));
}

}  // namespace ttrace
