#include "gdb/agent_expression.h"

#include <gtest/gtest.h>

#include <cstring>

namespace ttrace::gdb {
namespace {

constexpr std::uint64_t kMinus = ~0ull;

/// Register 3 is 0x1234; memory at 0x1000 holds 0x10, 0x11, ... 0x1f.
AgentContext context() {
  AgentContext result;
  result.register_value = [](std::uint16_t number) -> std::optional<std::uint64_t> {
    return number == 3 ? std::optional(0x1234ull) : std::nullopt;
  };
  result.read = [](Address at, std::span<std::byte> into) {
    if (at.value() < 0x1000 || at.value() + into.size() > 0x1010) return false;
    for (std::size_t i = 0; i < into.size(); ++i)
      into[i] = std::byte(at.value() - 0x1000 + 0x10 + i);
    return true;
  };
  return result;
}

std::optional<std::uint64_t> evaluate(std::initializer_list<int> code) {
  Bytes bytes;
  for (const int byte : code) bytes.push_back(std::byte(byte));
  return evaluate_agent_expression(bytes, context());
}

/// const8 a, const8 b (both sign-extended from 8 bits), op, end.
std::optional<std::uint64_t> binary(int a, int b, int op) {
  return evaluate({0x22, a & 0xff, 0x16, 8, 0x22, b & 0xff, 0x16, 8, op, 0x27});
}

struct BinaryCase {
  const char* name;
  int op, a, b;
  std::uint64_t result;
};

TEST(AgentExpression, CalculatesWithTwo) {
  const BinaryCase cases[] = {
      {"add", 0x02, 7, -9, kMinus - 1},
      {"sub", 0x03, 7, 9, kMinus - 1},
      {"mul", 0x04, -3, 5, kMinus - 14},
      {"div_signed", 0x05, -9, 2, kMinus - 3},
      {"div_signed by -1", 0x05, -9, -1, 9},
      {"div_unsigned", 0x06, -1, 2, kMinus / 2},
      {"rem_signed", 0x07, -9, 2, kMinus},
      {"rem_unsigned", 0x08, 9, 4, 1},
      {"lsh", 0x09, 3, 4, 48},
      {"lsh too far", 0x09, 3, 64, 0},
      {"rsh_signed", 0x0a, -16, 2, kMinus - 3},
      {"rsh_signed too far", 0x0a, -16, 70, kMinus},
      {"rsh_unsigned", 0x0b, -16, 60, 15},
      {"bit_and", 0x0f, 12, 10, 8},
      {"bit_or", 0x10, 12, 10, 14},
      {"bit_xor", 0x11, 12, 10, 6},
      {"equal", 0x13, 5, 5, 1},
      {"not equal", 0x13, 5, 6, 0},
      {"less_signed", 0x14, -1, 0, 1},
      {"less_unsigned", 0x15, -1, 0, 0},
  };
  for (const BinaryCase& one : cases) {
    EXPECT_EQ(binary(one.a, one.b, one.op), one.result) << one.name;
  }
}

TEST(AgentExpression, CalculatesWithOne) {
  EXPECT_EQ(evaluate({0x22, 5, 0x0e, 0x27}), 0u);                         // log_not
  EXPECT_EQ(evaluate({0x22, 5, 0x12, 0x27}), ~5ull);                      // bit_not
  EXPECT_EQ(evaluate({0x23, 0x01, 0x80, 0x16, 8, 0x27}), kMinus - 0x7f);  // ext
  EXPECT_EQ(evaluate({0x23, 0x01, 0x80, 0x2a, 8, 0x27}), 0x80u);          // zero_ext
  EXPECT_EQ(evaluate({0x22, 7, 0x16, 64, 0x27}), 7u);
}

TEST(AgentExpression, ReadsConstantsRegistersAndMemory) {
  EXPECT_EQ(evaluate({0x24, 1, 2, 3, 4, 0x27}), 0x01020304u);
  EXPECT_EQ(evaluate({0x25, 1, 2, 3, 4, 5, 6, 7, 8, 0x27}), 0x0102030405060708u);
  EXPECT_EQ(evaluate({0x26, 0, 3, 0x27}), 0x1234u);
  EXPECT_EQ(evaluate({0x23, 0x10, 0x02, 0x17, 0x27}), 0x12u);
  EXPECT_EQ(evaluate({0x23, 0x10, 0x02, 0x18, 0x27}), 0x1312u);
  EXPECT_EQ(evaluate({0x23, 0x10, 0x02, 0x19, 0x27}), 0x15141312u);
  EXPECT_EQ(evaluate({0x23, 0x10, 0x02, 0x1a, 0x27}), 0x1918171615141312u);
}

TEST(AgentExpression, MovesTheStackAbout) {
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x2b, 0x27}), 1u);              // swap
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x29, 0x27}), 1u);              // pop
  EXPECT_EQ(evaluate({0x22, 3, 0x28, 0x04, 0x27}), 9u);                 // dup, mul
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x22, 3, 0x32, 2, 0x27}), 1u);  // pick
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x27}), 2u);     // rot: 3 1 2
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x29, 0x27}), 1u);
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 2, 0x22, 3, 0x33, 0x29, 0x29, 0x27}), 3u);
}

TEST(AgentExpression, Jumps) {
  // 1 ? 7 : 8
  EXPECT_EQ(evaluate({0x22, 1, 0x20, 0, 8, 0x22, 8, 0x27, 0x22, 7, 0x27}), 7u);
  EXPECT_EQ(evaluate({0x22, 0, 0x20, 0, 8, 0x22, 8, 0x27, 0x22, 7, 0x27}), 8u);
  EXPECT_EQ(evaluate({0x21, 0, 4, 0x27, 0x22, 9, 0x27}), 9u);
}

TEST(AgentExpression, RefusesWhatCannotBeEvaluated) {
  EXPECT_EQ(evaluate({}), std::nullopt);
  EXPECT_EQ(evaluate({0x27}), std::nullopt);                          // empty stack
  EXPECT_EQ(evaluate({0x22, 1, 0x02, 0x27}), std::nullopt);           // one operand
  EXPECT_EQ(evaluate({0x22, 1}), std::nullopt);                       // no end
  EXPECT_EQ(evaluate({0x25, 1, 2}), std::nullopt);                    // cut short
  EXPECT_EQ(evaluate({0x21, 0, 0}), std::nullopt);                    // for ever
  EXPECT_EQ(evaluate({0x22, 1, 0x21, 0, 0}), std::nullopt);           // grows for ever
  EXPECT_EQ(evaluate({0x21, 0xff, 0xff}), std::nullopt);              // out of the code
  EXPECT_EQ(evaluate({0x22, 0, 0x17, 0x27}), std::nullopt);           // memory that is not there
  EXPECT_EQ(evaluate({0x26, 0, 9, 0x27}), std::nullopt);              // nor is this register
  EXPECT_EQ(evaluate({0x22, 1, 0x22, 0, 0x05, 0x27}), std::nullopt);  // division by zero
  EXPECT_EQ(evaluate({0x22, 1, 0x34, 0x27}), std::nullopt);           // printf
  EXPECT_EQ(evaluate({0xff}), std::nullopt);
}

}  // namespace
}  // namespace ttrace::gdb
