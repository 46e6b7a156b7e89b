#include "base/cpu_features.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ttrace {
namespace {

/// A CPU with every bit set in the leaves that it has.
CpuidSource everything(std::uint32_t last, std::uint32_t last_extended) {
  return [=](std::uint32_t leaf, std::uint32_t) -> CpuidResult {
    if (leaf == 0) return {last, 0x756e6547, 0x6c65746e, 0x49656e69};
    if (leaf == 0x80000000) return {last_extended, 0, 0, 0};
    return {~0u, ~0u, ~0u, ~0u};
  };
}

TEST(CpuFeatures, ComeFromCpuid) {
  const CpuFeatureSet all = features_of(everything(0x24, 0x80000008), ~0ull);
  EXPECT_EQ(all.size(), cpu_features().size());
  // A CPU that has no leaf 7 answers it with what it likes.
  const CpuFeatureSet old = features_of(everything(1, 0x80000001), ~0ull);
  EXPECT_TRUE(old.contains("sse4_2"));
  EXPECT_FALSE(old.contains("avx2"));
}

TEST(CpuFeatures, NeedTheKernel) {
  const CpuidSource cpu = everything(0x24, 0x80000008);
  EXPECT_FALSE(features_of(cpu, 3).contains("avx"));
  EXPECT_TRUE(features_of(cpu, 7).contains("avx"));
  EXPECT_FALSE(features_of(cpu, 7).contains("avx512f"));
  EXPECT_TRUE(features_of(cpu, 0xe7).contains("avx512f"));
}

TEST(CpuFeatures, LevelTwoIsAllThatIsLeftOfEverything) {
  const CpuidSource shown = [cpu = everything(0x24, 0x80000008)](auto leaf, auto subleaf) {
    return as_x86_64_v2(leaf, subleaf, cpu(leaf, subleaf));
  };
  EXPECT_EQ(features_of(shown, ~0ull), features_of_level(2));
}

TEST(CpuFeatures, LevelsContainOneAnother) {
  for (int level = 1; level < 4; ++level) {
    for (const std::string& name : features_of_level(level)) {
      EXPECT_TRUE(features_of_level(level + 1).contains(name)) << name;
    }
    EXPECT_LT(features_of_level(level).size(), features_of_level(level + 1).size());
  }
}

TEST(CpuFeatures, ThisCpuHasThoseOfEvery64BitCpu) {
  const CpuFeatureSet here = features_here();
  for (const std::string& name : features_of_level(1)) EXPECT_TRUE(here.contains(name)) << name;
}

TEST(CpuFeatures, AreParsed) {
  EXPECT_EQ(parse_cpu("x86-64-v3"), features_of_level(3));
  EXPECT_EQ(parse_cpu("avx,sse2"), (CpuFeatureSet{"avx", "sse2"}));
  for (const char* wrong : {"", "x86-64-v5", "x86-64-v", "avx,", "AVX", "x86-64-v22"}) {
    EXPECT_THROW(parse_cpu(wrong), UsageError) << wrong;
  }
}

TEST(CpuFeatures, LackingKeepsTheOrder) {
  EXPECT_EQ(lacking({"c", "a", "b"}, {"a"}), (std::vector<std::string>{"c", "b"}));
}

TEST(CpuFeatures, VendorIsARegisterPuzzle) {
  EXPECT_EQ(cpu_vendor(everything(1, 0)), "GenuineIntel");
}

}  // namespace
}  // namespace ttrace
