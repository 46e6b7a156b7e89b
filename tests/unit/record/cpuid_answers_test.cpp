#include "record/cpuid_answers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tracee/cpu_pin.h"

namespace ttrace {
namespace {

constexpr Asker kProgram{};
constexpr Asker kLoader{true, false};
constexpr Asker kPortable{false, true};

class CpuidAnswersTest : public ::testing::Test {
 protected:
  CpuPin pin_;
  CpuidAnswers answers_;
};

TEST_F(CpuidAnswersTest, AreThoseOfTheCpu) {
  EXPECT_EQ(answers_.get({kProgram, 0, 0}), cpuid_here(0, 0));
}

TEST_F(CpuidAnswersTest, HideFromTheLoaderHowLargeTheVectorStateIs) {
  EXPECT_EQ(answers_.get({kLoader, 0xd, 0}), CpuidResult{});
  EXPECT_EQ(answers_.get({kProgram, 0xd, 0}), cpuid_here(0xd, 0));
}

TEST_F(CpuidAnswersTest, AreOneWhereASubleafMeansNothing) {
  answers_.get({kProgram, 1, 0});
  answers_.get({kProgram, 1, 0x7ffe});
  answers_.get({kProgram, 0x80000008, 5});
  answers_.get({kProgram, 4, 0});
  answers_.get({kProgram, 4, 1});
  EXPECT_EQ(answers_.known(false).size(), 4U);
}

TEST_F(CpuidAnswersTest, AreToldToAgentsOfSuchARecordingOnly) {
  const CpuidQuestion loaders{kLoader, 7, 0};
  const CpuidQuestion programs{kPortable, 7, 0};
  const CpuidResult for_loader = answers_.get(loaders);
  const CpuidResult for_program = answers_.get(programs);
  EXPECT_EQ(answers_.known(false), std::vector{agent_answer(loaders, for_loader)});
  EXPECT_EQ(answers_.known(true), std::vector{agent_answer(programs, for_program)});
}

TEST_F(CpuidAnswersTest, AreNoMoreThanAnAgentHolds) {
  for (std::uint32_t i = 0; i < 2 * agent::kMostCpuidAnswers; ++i) answers_.get({kProgram, 4, i});
  EXPECT_EQ(answers_.known(false).size(), agent::kMostCpuidAnswers);
}

}  // namespace
}  // namespace ttrace
