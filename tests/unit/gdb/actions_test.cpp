#include "gdb/actions.h"

#include <gtest/gtest.h>

namespace ttrace::gdb {
namespace {

std::optional<ThreadSelector> selector(std::string_view text) {
  FieldReader in(text);
  return parse_thread(in);
}

TEST(Threads, AreNamedInEveryForm) {
  EXPECT_EQ(selector("p64.65")->single(), Tid(0x65));
  EXPECT_EQ(selector("65")->single(), Tid(0x65));
  EXPECT_FALSE(selector("p64.-1")->single());
  EXPECT_FALSE(selector("0")->single());
  EXPECT_TRUE(selector("p64.-1")->matches(Pid(0x64), Tid(7)));
  EXPECT_FALSE(selector("p63.-1")->matches(Pid(0x64), Tid(7)));
  EXPECT_TRUE(selector("-1")->matches(Pid(0x64), Tid(7)));
  EXPECT_TRUE(selector("p64")->matches(Pid(0x64), Tid(7)));
  EXPECT_EQ(thread_text(Pid(100), Tid(101)), "p64.65");
  for (const char* bad : {"", "p", "px", "p1.", "-2", "ffffffffffff"}) {
    EXPECT_FALSE(selector(bad)) << bad;
  }
}

TEST(Actions, StepOneThreadAndLetTheOthersRun) {
  const auto actions = parse_actions(";s:p64.65;c:p64.-1");
  ASSERT_TRUE(actions);
  const ResumePlan plan = plan_of(*actions, Tid(1));
  EXPECT_TRUE(plan.runs);
  EXPECT_EQ(plan.step, Tid(0x65));
  EXPECT_EQ(plan.range_begin, plan.range_end);
}

TEST(Actions, RangesAndSignals) {
  const auto actions = parse_actions(";r1000,1010:65;C0b:66;c");
  ASSERT_TRUE(actions);
  ASSERT_EQ(actions->size(), 3U);
  const ResumePlan plan = plan_of(*actions, Tid(1));
  EXPECT_EQ(plan.step, Tid(0x65));
  EXPECT_EQ(plan.range_begin, Address(0x1000));
  EXPECT_EQ(plan.range_end, Address(0x1010));
}

TEST(Actions, WithoutAThreadTheCurrentOneIsStepped) {
  EXPECT_EQ(plan_of(*parse_actions(";s"), Tid(9)).step, Tid(9));
  EXPECT_EQ(plan_of(*parse_actions(";S05:-1"), Tid(9)).step, Tid(9));
  EXPECT_FALSE(plan_of(*parse_actions(";c"), Tid(9)).step);
}

TEST(Actions, StopAloneRunsNothing) {
  EXPECT_FALSE(plan_of(*parse_actions(";t:p1.2"), Tid(9)).runs);
}

TEST(Actions, MalformedOnesAreRefused) {
  for (const char* bad :
       {"", "c", ";", ";x", ";c:", ";s:zz", ";r10:1", ";r10,", ";C", ";c;", ";cc"}) {
    EXPECT_FALSE(parse_actions(bad)) << bad;
  }
}

}  // namespace
}  // namespace ttrace::gdb
