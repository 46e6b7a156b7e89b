#include "base/registers.h"

#include <gtest/gtest.h>

namespace ttrace {
namespace {

// By their index and by their name they are the same words, also to an optimiser.
TEST(Registers, AWordByIndexIsTheWordByName) {
  GeneralRegisters regs{};
  regs.rax = 1;
  for (unsigned i = 0; i < kRegisterCount; ++i) register_at(regs, i) += i;
  EXPECT_EQ(regs.r15, 0u);
  EXPECT_EQ(regs.rax, 11u);
  EXPECT_EQ(regs.gs, 26u);
  regs.rax = 5;
  const GeneralRegisters& constant = regs;
  EXPECT_EQ(register_at(constant, 10), 5u);
}

TEST(Registers, ArgumentsAreInTheOrderOfSystemCalls) {
  GeneralRegisters regs{};
  for (unsigned i = 0; i < 6; ++i) syscall_argument(regs, i) = i + 1;
  EXPECT_EQ(regs.rdi, 1u);
  EXPECT_EQ(regs.rsi, 2u);
  EXPECT_EQ(regs.rdx, 3u);
  EXPECT_EQ(regs.r10, 4u);
  EXPECT_EQ(regs.r8, 5u);
  EXPECT_EQ(regs.r9, 6u);
}

}  // namespace
}  // namespace ttrace
