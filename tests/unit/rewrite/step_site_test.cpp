#include "rewrite/step_site.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace ttrace {
namespace {

constexpr std::uint64_t kStack = 0x7ffff0000000;
constexpr std::uint64_t kHeap = 0x5000;
constexpr std::uint64_t kCode = 0x400000;

StepSite site_of(std::initializer_list<int> code) {
  GeneralRegisters regs{};
  regs.rip = kCode;
  regs.rsp = kStack;
  regs.rbp = kStack + 0x100;
  regs.rax = kHeap;
  regs.rcx = 3;
  std::vector<std::byte> bytes;
  for (const int byte : code) bytes.push_back(std::byte(byte));
  return StepSiteDecoder().decode(bytes, regs);
}

TEST(StepSite, AccessesThroughPointersAndToGlobalsCount) {
  EXPECT_TRUE(site_of({0x8b, 0x10}).touches_shared);                          // mov (%rax),%edx
  EXPECT_TRUE(site_of({0x89, 0x15, 0x10, 0x00, 0x00, 0x00}).touches_shared);  // mov %edx,16(%rip)
  EXPECT_TRUE(site_of({0x66, 0x0f, 0x6f, 0x00}).touches_shared);              // movdqa (%rax),%xmm0
  EXPECT_TRUE(site_of({0xf0, 0xff, 0x00}).touches_shared);                    // lock incl (%rax)
}

TEST(StepSite, WhatIsTheThreadsOwnDoesNot) {
  EXPECT_FALSE(site_of({0x8b, 0x55, 0xfc}).touches_shared);        // mov -4(%rbp),%edx
  EXPECT_FALSE(site_of({0x89, 0x54, 0x24, 0x08}).touches_shared);  // mov %edx,8(%rsp)
  EXPECT_FALSE(site_of({0x53}).touches_shared);                    // push %rbx
  EXPECT_FALSE(site_of({0x89, 0x54, 0x24, 0xf8}).touches_shared);  // mov %edx,-8(%rsp): red zone
  EXPECT_FALSE(site_of({0x64, 0x8b, 0x14, 0x25, 0x28, 0, 0, 0}).touches_shared);  // mov %fs:40,%edx
}

TEST(StepSite, WhatNamesMemoryButTouchesNoneDoesNot) {
  EXPECT_FALSE(site_of({0x48, 0x8d, 0x10}).touches_shared);  // lea (%rax),%rdx
  EXPECT_FALSE(site_of({0x0f, 0x1f, 0x00}).touches_shared);  // nopl (%rax)
  EXPECT_FALSE(site_of({0x01, 0xd0}).touches_shared);        // add %edx,%eax
}

TEST(StepSite, AnUnlockedReadModifyWriteTellsItsOperand) {
  const auto add = site_of({0x83, 0x00, 0x01}).read_modify_write;  // addl $1,(%rax)
  ASSERT_TRUE(add);
  EXPECT_EQ(add->at, Address(kHeap));
  EXPECT_EQ(add->size, 4);
  const auto inc =
      site_of({0x48, 0xff, 0x44, 0xc8, 0x10}).read_modify_write;  // incq 16(%rax,%rcx,8)
  ASSERT_TRUE(inc);
  EXPECT_EQ(inc->at, Address(kHeap + 3 * 8 + 0x10));
  EXPECT_EQ(inc->size, 8);
  const auto global =
      site_of({0x80, 0x0d, 0x10, 0, 0, 0, 0x01}).read_modify_write;  // orb $1,16(%rip)
  ASSERT_TRUE(global);
  EXPECT_EQ(global->at, Address(kCode + 7 + 0x10));
  EXPECT_EQ(global->size, 1);
}

TEST(StepSite, LockedOnesLoadsAndStoresAreNoReadModifyWrite) {
  EXPECT_FALSE(site_of({0xf0, 0x83, 0x00, 0x01}).read_modify_write);  // lock addl $1,(%rax)
  EXPECT_FALSE(site_of({0x87, 0x10}).read_modify_write);              // xchg %edx,(%rax): locks
  EXPECT_FALSE(site_of({0x8b, 0x10}).read_modify_write);
  EXPECT_FALSE(site_of({0x89, 0x10}).read_modify_write);
  EXPECT_FALSE(site_of({0x39, 0x10}).read_modify_write);           // cmp %edx,(%rax)
  EXPECT_FALSE(site_of({0x83, 0x45, 0xfc, 1}).read_modify_write);  // addl $1,-4(%rbp)
}

TEST(StepSite, SystemCallsAndTrapsAreNotSteppedOver) {
  EXPECT_TRUE(site_of({0x0f, 0x05}).enters_kernel);
  EXPECT_TRUE(site_of({0xcc}).enters_kernel);
  EXPECT_TRUE(site_of({0xcd, 0x80}).enters_kernel);
  EXPECT_TRUE(site_of({0x06}).enters_kernel);  // invalid in 64-bit mode
  EXPECT_TRUE(site_of({}).enters_kernel);
  EXPECT_FALSE(site_of({0x0f, 0xa2}).enters_kernel);
  EXPECT_FALSE(site_of({0x90}).enters_kernel);
}

}  // namespace
}  // namespace ttrace
