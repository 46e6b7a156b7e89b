#include "record/vdso_clock.h"

#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <time.h>

#include <initializer_list>

namespace ttrace {
namespace {

bool is_good(std::initializer_list<int> bytes) {
  Bytes code;
  for (const int byte : bytes) code.push_back(std::byte(byte));
  return leaves_vectors_alone(code, 0);
}

TEST(VdsoClock, WhatLeavesVectorsAloneIsGood) {
  EXPECT_TRUE(is_good({0x0f, 0x01, 0xf9, 0xc3}));                    // rdtscp; ret
  EXPECT_TRUE(is_good({0x0f, 0x05, 0xeb, 0xfc}));                    // syscall; jmp to it
  EXPECT_TRUE(is_good({0x74, 0x01, 0xc3, 0xc3, 0x0f, 0x28, 0xc1}));  // movaps is not reached
}

TEST(VdsoClock, AnythingElseIsNot) {
  EXPECT_FALSE(is_good({0x0f, 0x28, 0xc1, 0xc3}));                          // movaps
  EXPECT_FALSE(is_good({0xc5, 0xf8, 0x77, 0xc3}));                          // vzeroupper
  EXPECT_FALSE(is_good({0xd9, 0xe8, 0xc3}));                                // fld1
  EXPECT_FALSE(is_good({0x0f, 0x6e, 0xc0, 0xc3}));                          // movd to mm0
  EXPECT_FALSE(is_good({0x74, 0x01, 0xc3, 0x0f, 0x28, 0xc1, 0xc3}));        // behind a branch
  EXPECT_FALSE(is_good({0xe8, 1, 0, 0, 0, 0xc3, 0x66, 0x0f, 0x6f, 0xc1}));  // in what it calls
  EXPECT_FALSE(is_good({0xff, 0xe0}));                                      // jmp *%rax
  EXPECT_FALSE(is_good({0xff, 0xd0, 0xc3}));                                // call *%rax
  EXPECT_FALSE(is_good({0x90}));                                            // runs out of it
  EXPECT_FALSE(is_good({0xe9, 0, 0, 0, 1}));                                // to elsewhere
  EXPECT_FALSE(is_good({0x06}));                                            // no instruction
}

TEST(VdsoClock, IsTheClock) {
  const auto offset = vdso_clock_offset();
  if (!offset) GTEST_SKIP() << "this kernel's vDSO has no clock_gettime that the agent may call";
  const auto clock =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(getauxval(AT_SYSINFO_EHDR) + *offset);
  timespec before{}, now{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_EQ(clock(CLOCK_MONOTONIC, &now), 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  const auto ns = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
  EXPECT_LE(ns(before), ns(now));
  EXPECT_LE(ns(now), ns(after));
}

}  // namespace
}  // namespace ttrace
