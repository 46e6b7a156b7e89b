#include "gdb/agent_expression.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ttrace::gdb {
namespace {

constexpr std::size_t kDeepest = 256;
constexpr std::size_t kMostOperations = 100'000;

/// Thrown inside the interpreter, never out of it.
struct CannotEvaluate {};

enum class Op : std::uint8_t {
  add = 0x02,
  sub = 0x03,
  mul = 0x04,
  div_signed = 0x05,
  div_unsigned = 0x06,
  rem_signed = 0x07,
  rem_unsigned = 0x08,
  lsh = 0x09,
  rsh_signed = 0x0a,
  rsh_unsigned = 0x0b,
  log_not = 0x0e,
  bit_and = 0x0f,
  bit_or = 0x10,
  bit_xor = 0x11,
  bit_not = 0x12,
  equal = 0x13,
  less_signed = 0x14,
  less_unsigned = 0x15,
  ext = 0x16,
  ref8 = 0x17,
  ref16 = 0x18,
  ref32 = 0x19,
  ref64 = 0x1a,
  if_goto = 0x20,
  go_to = 0x21,
  const8 = 0x22,
  const16 = 0x23,
  const32 = 0x24,
  const64 = 0x25,
  reg = 0x26,
  end = 0x27,
  dup = 0x28,
  pop = 0x29,
  zero_ext = 0x2a,
  swap = 0x2b,
  pick = 0x32,
  rot = 0x33,
};

std::int64_t as_signed(std::uint64_t value) { return std::int64_t(value); }

std::uint64_t divide(std::uint64_t a, std::uint64_t b, bool is_signed, bool remainder) {
  if (b == 0) throw CannotEvaluate();
  if (!is_signed) return remainder ? a % b : a / b;
  if (as_signed(b) == -1) return remainder ? 0 : 0 - a;  // the quotient may not be representable
  return std::uint64_t(remainder ? as_signed(a) % as_signed(b) : as_signed(a) / as_signed(b));
}

std::uint64_t shift(std::uint64_t a, std::uint64_t by, Op op) {
  const bool is_signed = op == Op::rsh_signed;
  if (by >= 64) return is_signed && as_signed(a) < 0 ? ~0ull : 0;
  if (op == Op::lsh) return a << by;
  return is_signed ? std::uint64_t(as_signed(a) >> by) : a >> by;
}

std::uint64_t binary(Op op, std::uint64_t a, std::uint64_t b) {
  switch (op) {
    case Op::add:
      return a + b;
    case Op::sub:
      return a - b;
    case Op::mul:
      return a * b;
    case Op::div_signed:
    case Op::rem_signed:
      return divide(a, b, true, op == Op::rem_signed);
    case Op::div_unsigned:
    case Op::rem_unsigned:
      return divide(a, b, false, op == Op::rem_unsigned);
    case Op::lsh:
    case Op::rsh_signed:
    case Op::rsh_unsigned:
      return shift(a, b, op);
    case Op::bit_and:
      return a & b;
    case Op::bit_or:
      return a | b;
    case Op::bit_xor:
      return a ^ b;
    case Op::equal:
      return a == b;
    case Op::less_signed:
      return as_signed(a) < as_signed(b);
    case Op::less_unsigned:
      return a < b;
    default:
      throw CannotEvaluate();
  }
}

std::uint64_t low_bits(std::uint64_t value, unsigned bits) {
  return bits >= 64 ? value : value & ((1ull << bits) - 1);
}

std::uint64_t sign_extended(std::uint64_t value, unsigned bits) {
  if (bits == 0 || bits >= 64) return value;
  const std::uint64_t sign = 1ull << (bits - 1);
  return (low_bits(value, bits) ^ sign) - sign;
}

class Machine {
 public:
  Machine(ByteView code, const AgentContext& context) : code_(code), context_(context) {}

  std::uint64_t run() {
    for (std::size_t i = 0; i < kMostOperations; ++i) {
      const Op op = Op(operand(1));
      if (op == Op::end) return pop();
      execute(op);
    }
    throw CannotEvaluate();
  }

 private:
  void execute(Op op) {
    switch (op) {
      case Op::log_not:
        return push(pop() == 0);
      case Op::bit_not:
        return push(~pop());
      case Op::ext: {
        const auto bits = unsigned(operand(1));
        return push(sign_extended(pop(), bits));
      }
      case Op::zero_ext: {
        const auto bits = unsigned(operand(1));
        return push(low_bits(pop(), bits));
      }
      case Op::ref8:
      case Op::ref16:
      case Op::ref32:
      case Op::ref64:
        return push(memory(Address(pop()), 1u << (unsigned(op) - unsigned(Op::ref8))));
      case Op::const8:
      case Op::const16:
      case Op::const32:
      case Op::const64:
        return push(operand(1u << (unsigned(op) - unsigned(Op::const8))));
      case Op::if_goto: {
        const std::size_t target = operand(2);
        if (pop() != 0) next_ = target;
        return;
      }
      case Op::go_to:
        next_ = operand(2);
        return;
      case Op::reg: {
        const auto value = context_.register_value(std::uint16_t(operand(2)));
        if (!value) throw CannotEvaluate();
        return push(*value);
      }
      case Op::dup:
        return push(at(0));
      case Op::pop:
        pop();
        return;
      case Op::swap:
        std::swap(at(0), at(1));
        return;
      case Op::pick:
        return push(at(operand(1)));
      case Op::rot:  // a b c => c a b
        std::swap(at(0), at(1));
        std::swap(at(1), at(2));
        return;
      default: {
        const std::uint64_t b = pop();
        const std::uint64_t a = pop();
        return push(binary(op, a, b));
      }
    }
  }

  /// The next bytes of the code, the most significant first.
  std::uint64_t operand(std::size_t size) {
    if (next_ > code_.size() || size > code_.size() - next_) throw CannotEvaluate();
    std::uint64_t value = 0;
    for (; size > 0; --size) value = value << 8 | std::to_integer<std::uint64_t>(code_[next_++]);
    return value;
  }

  std::uint64_t memory(Address at, std::size_t size) const {
    std::array<std::byte, sizeof(std::uint64_t)> bytes{};
    if (!context_.read(at, std::span(bytes).first(size))) throw CannotEvaluate();
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  void push(std::uint64_t value) {
    if (stack_.size() == kDeepest) throw CannotEvaluate();
    stack_.push_back(value);
  }
  std::uint64_t pop() {
    const std::uint64_t value = at(0);
    stack_.pop_back();
    return value;
  }
  std::uint64_t& at(std::size_t depth) {
    if (depth >= stack_.size()) throw CannotEvaluate();
    return stack_[stack_.size() - 1 - depth];
  }

  ByteView code_;
  const AgentContext& context_;
  std::size_t next_ = 0;
  std::vector<std::uint64_t> stack_;
};

}  // namespace

std::optional<std::uint64_t> evaluate_agent_expression(ByteView code, const AgentContext& context) {
  try {
    return Machine(code, context).run();
  } catch (const CannotEvaluate&) {
    return {};
  }
}

}  // namespace ttrace::gdb
