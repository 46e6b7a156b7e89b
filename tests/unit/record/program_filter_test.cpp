#include "record/program_filter.h"

#include <gtest/gtest.h>
#include <stddef.h>

#include <cstring>

namespace ttrace {
namespace {

using Steps = std::vector<sock_filter>;

constexpr sock_filter give(std::uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
constexpr sock_filter kGiveA = BPF_STMT(BPF_RET | BPF_A, 0);

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, std::uint32_t(offset));
}

constexpr sock_filter set_a(std::uint32_t value) { return BPF_STMT(BPF_LD | BPF_IMM, value); }
constexpr sock_filter set_x(std::uint32_t value) { return BPF_STMT(BPF_LDX | BPF_IMM, value); }

std::uint32_t run(const Steps& steps, const seccomp_data& call = {}) {
  return run_filter(steps, call);
}

TEST(RunFilter, LoadsEveryWordOfTheCall) {
  seccomp_data call{};
  std::array<std::uint32_t, sizeof call / 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = std::uint32_t(100 + i);
  std::memcpy(&call, words.data(), sizeof call);
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(run({load(4 * i), kGiveA}, call), 100 + i);
  }
  EXPECT_EQ(run({BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), kGiveA}, call), sizeof call);
}

TEST(RunFilter, Computes) {
  const auto with = [](std::uint16_t operation, std::uint32_t a, std::uint32_t operand) {
    const std::uint32_t constant =
        run({set_a(a), BPF_STMT(std::uint16_t(BPF_ALU | BPF_K | operation), operand), kGiveA});
    const std::uint32_t variable =
        run({set_a(a), set_x(operand), BPF_STMT(std::uint16_t(BPF_ALU | BPF_X | operation), 0),
             kGiveA});
    EXPECT_EQ(constant, variable) << operation;
    return constant;
  };
  EXPECT_EQ(with(BPF_ADD, 0xffffffff, 3), 2u);
  EXPECT_EQ(with(BPF_SUB, 2, 3), 0xffffffff);
  EXPECT_EQ(with(BPF_MUL, 6, 7), 42u);
  EXPECT_EQ(with(BPF_DIV, 43, 7), 6u);
  EXPECT_EQ(with(BPF_AND, 0xff0, 0x0ff), 0xf0u);
  EXPECT_EQ(with(BPF_OR, 0xf0, 0x0f), 0xffu);
  EXPECT_EQ(with(BPF_XOR, 0xff, 0x0f), 0xf0u);
  EXPECT_EQ(with(BPF_LSH, 1, 31), 0x80000000);
  EXPECT_EQ(with(BPF_RSH, 0x80000000, 31), 1u);
  EXPECT_EQ(run({set_a(1), BPF_STMT(BPF_ALU | BPF_NEG, 0), kGiveA}), 0xffffffff);
  // A division by zero ends the program with 0.
  EXPECT_EQ(run({set_a(1), set_x(0), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), give(7)}), 0u);
}

TEST(RunFilter, Jumps) {
  const auto taken = [](std::uint16_t condition, std::uint32_t a, std::uint32_t operand) {
    return run({set_a(a), BPF_JUMP(std::uint16_t(BPF_JMP | BPF_K | condition), operand, 1, 0),
                give(0), give(1)}) == 1;
  };
  EXPECT_TRUE(taken(BPF_JEQ, 3, 3));
  EXPECT_FALSE(taken(BPF_JEQ, 3, 4));
  EXPECT_TRUE(taken(BPF_JGT, 0xffffffff, 4));  // unsigned
  EXPECT_FALSE(taken(BPF_JGT, 4, 4));
  EXPECT_TRUE(taken(BPF_JGE, 4, 4));
  EXPECT_FALSE(taken(BPF_JGE, 3, 4));
  EXPECT_TRUE(taken(BPF_JSET, 6, 4));
  EXPECT_FALSE(taken(BPF_JSET, 6, 1));
  EXPECT_EQ(run({BPF_STMT(BPF_JMP | BPF_JA, 2), give(0), give(1), give(2)}), 2u);
}

TEST(RunFilter, HasMemory) {
  EXPECT_EQ(run({set_a(5), BPF_STMT(BPF_ST, 3), set_a(0), BPF_STMT(BPF_LD | BPF_MEM, 3), kGiveA}),
            5u);
  EXPECT_EQ(run({set_x(6), BPF_STMT(BPF_STX, 15), set_x(0), BPF_STMT(BPF_LDX | BPF_MEM, 15),
                 BPF_STMT(BPF_MISC | BPF_TXA, 0), kGiveA}),
            6u);
  EXPECT_EQ(run({set_a(7), BPF_STMT(BPF_MISC | BPF_TAX, 0), set_a(0),
                 BPF_STMT(BPF_MISC | BPF_TXA, 0), kGiveA}),
            7u);
}

TEST(RunFilter, SurvivesWhatTheKernelWouldRefuse) {
  EXPECT_EQ(run({}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run({load(2), give(1)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run({load(sizeof(seccomp_data)), give(1)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run({load(0xfffffffc), give(1)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run({BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), give(1)}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(run({set_a(9), BPF_STMT(BPF_ST, 1000), give(1)}), 1u);
}

TEST(ProgramFilter, TheStrictestAnswerWins) {
  const std::uint32_t by_rank[] = {
      SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
      SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW};
  const auto chain = [](std::uint32_t older, std::uint32_t younger) {
    const auto first = std::make_shared<const ProgramFilter>(Steps{give(older)}, nullptr);
    return ProgramFilter(Steps{give(younger)}, first).ask({});
  };
  for (std::size_t i = 0; i < std::size(by_rank); ++i) {
    for (std::size_t j = i; j < std::size(by_rank); ++j) {
      EXPECT_EQ(chain(by_rank[i], by_rank[j]).action, by_rank[i]);
      EXPECT_EQ(chain(by_rank[j], by_rank[i]).action, by_rank[i]);
    }
  }
  EXPECT_EQ(chain(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 2).data, 2);
  EXPECT_EQ(chain(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_TRACE | 2).data, 1);
  EXPECT_TRUE(chain(SECCOMP_RET_LOG, SECCOMP_RET_ALLOW).allows());
  EXPECT_FALSE(chain(SECCOMP_RET_TRACE, SECCOMP_RET_ALLOW).allows());
}

TEST(ProgramFilter, TheCopyForTheKernelAllowsEverything) {
  const Steps steps = {load(0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
                       give(SECCOMP_RET_KILL_PROCESS), kGiveA};
  const Steps copy = ProgramFilter::harmless_copy(steps);
  ASSERT_EQ(copy.size(), steps.size());
  EXPECT_EQ(std::memcmp(copy.data(), steps.data(), 2 * sizeof(sock_filter)), 0);
  for (const int number : {0, 1}) {
    seccomp_data call{};
    call.nr = number;
    EXPECT_EQ(run(copy, call), SECCOMP_RET_ALLOW);
  }
}

}  // namespace
}  // namespace ttrace
