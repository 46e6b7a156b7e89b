#include "record/program_filter.h"

#include <array>
#include <cstring>

namespace ttrace {
namespace {

constexpr std::uint16_t kReturnConstant = BPF_RET | BPF_K;
constexpr std::uint16_t kReturnAccumulator = BPF_RET | BPF_A;

/// The state of a filter program.
struct Machine {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory{};
};

/// Arithmetic on the accumulator. False for an operation that filters do not have.
bool compute(std::uint16_t operation, std::uint32_t operand, std::uint32_t& a) {
  constexpr unsigned kBits = 32;
  switch (operation) {
    case BPF_ADD:
      a += operand;
      return true;
    case BPF_SUB:
      a -= operand;
      return true;
    case BPF_MUL:
      a *= operand;
      return true;
    case BPF_DIV:
      // By zero, which only a variable can be, a filter returns 0.
      if (operand == 0) return false;
      a /= operand;
      return true;
    case BPF_AND:
      a &= operand;
      return true;
    case BPF_OR:
      a |= operand;
      return true;
    case BPF_XOR:
      a ^= operand;
      return true;
    case BPF_LSH:
      a <<= operand % kBits;
      return true;
    case BPF_RSH:
      a >>= operand % kBits;
      return true;
    case BPF_NEG:
      a = -a;
      return true;
    default:
      return false;
  }
}

bool holds(std::uint16_t condition, std::uint32_t a, std::uint32_t operand) {
  switch (condition) {
    case BPF_JEQ:
      return a == operand;
    case BPF_JGT:
      return a > operand;
    case BPF_JGE:
      return a >= operand;
    default:
      return (a & operand) != 0;  // BPF_JSET
  }
}

}  // namespace

std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call) {
  Machine machine;
  auto& [a, x, memory] = machine;
  // Jumps go forwards only, so every program ends.
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& step = program[pc];
    const std::uint32_t operand = BPF_SRC(step.code) == BPF_X ? x : step.k;
    const std::uint32_t word = step.k % BPF_MEMWORDS;
    switch (BPF_CLASS(step.code)) {
      case BPF_LD:
        if (BPF_MODE(step.code) == BPF_ABS) {
          if (step.k % sizeof a != 0 || step.k > sizeof call - sizeof a) {
            return SECCOMP_RET_KILL_PROCESS;
          }
          std::memcpy(&a, reinterpret_cast<const char*>(&call) + step.k, sizeof a);
        } else if (BPF_MODE(step.code) == BPF_MEM) {
          a = memory[word];
        } else {
          a = BPF_MODE(step.code) == BPF_LEN ? std::uint32_t(sizeof call) : step.k;
        }
        break;
      case BPF_LDX:
        if (BPF_MODE(step.code) == BPF_MEM) {
          x = memory[word];
        } else {
          x = BPF_MODE(step.code) == BPF_LEN ? std::uint32_t(sizeof call) : step.k;
        }
        break;
      case BPF_ST:
        memory[word] = a;
        break;
      case BPF_STX:
        memory[word] = x;
        break;
      case BPF_ALU:
        if (!compute(BPF_OP(step.code), operand, a)) return SECCOMP_RET_KILL_THREAD;  // 0
        break;
      case BPF_JMP:
        if (BPF_OP(step.code) == BPF_JA) {
          pc += step.k;
        } else {
          pc += holds(BPF_OP(step.code), a, operand) ? step.jt : step.jf;
        }
        break;
      case BPF_RET:
        return step.code == kReturnAccumulator ? a : step.k;
      default:  // BPF_MISC
        if (BPF_MISCOP(step.code) == BPF_TAX) {
          x = a;
        } else {
          a = x;
        }
        break;
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

ProgramVerdict ProgramFilter::ask(const seccomp_data& call) const {
  std::uint32_t strictest = SECCOMP_RET_ALLOW;
  const auto rank = [](std::uint32_t answer) {
    return std::int32_t(answer & SECCOMP_RET_ACTION_FULL);  // SECCOMP_RET_KILL_PROCESS is negative
  };
  for (const ProgramFilter* filter = this; filter != nullptr; filter = filter->earlier_.get()) {
    const std::uint32_t answer = run_filter(filter->program_, call);
    if (rank(answer) < rank(strictest)) strictest = answer;
  }
  return {strictest & SECCOMP_RET_ACTION_FULL, std::uint16_t(strictest & SECCOMP_RET_DATA)};
}

std::vector<sock_filter> ProgramFilter::harmless_copy(std::span<const sock_filter> program) {
  std::vector<sock_filter> copy(program.begin(), program.end());
  for (sock_filter& step : copy) {
    if (step.code == kReturnConstant || step.code == kReturnAccumulator) {
      step = BPF_STMT(kReturnConstant, SECCOMP_RET_ALLOW);
    }
  }
  return copy;
}

}  // namespace ttrace
