#include "rewrite/instruction_use.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/fd.h"

namespace ttrace {
namespace {

Fd library_of(const void* symbol) {
  Dl_info found{};
  dladdr(symbol, &found);
  return Fd(::open(found.dli_fname, O_RDONLY | O_CLOEXEC));
}

bool has(const std::vector<std::string>& list, const char* name) {
  return std::ranges::find(list, name) != list.end();
}

TEST(InstructionUse, OfLibrariesThatChooseByTheCpu) {
  const Fd libc = library_of(reinterpret_cast<const void*>(&::getpid));
  const InstructionUse use = instruction_use_of(libc.value());
  EXPECT_TRUE(use.asks);
  for (const char* name : {"avx2", "avx512f", "avx512vl", "bmi1", "bmi2"}) {
    EXPECT_TRUE(has(use.features, name)) << name;
  }
  EXPECT_TRUE(std::ranges::is_sorted(use.features));
  for (const std::string& name : use.features) {
    EXPECT_TRUE(std::ranges::any_of(cpu_features(), [&](const CpuFeature& feature) {
      return name == feature.name;
    })) << name;
  }
}

TEST(InstructionUse, NamesWhatVendorsDecide) {
  double (*const function)(double) = &::sin;
  const Fd libm = library_of(reinterpret_cast<const void*>(function));
  EXPECT_TRUE(has(instruction_use_of(libm.value()).by_vendor, "fpatan"));
  const Fd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(instruction_use_of(self.value()).by_vendor.empty());
}

TEST(InstructionUse, OfWhatIsNoBinary) {
  const Fd file(::memfd_create("no binary", MFD_CLOEXEC));
  ASSERT_EQ(::write(file.value(), "text", 4), 4);
  const InstructionUse use = instruction_use_of(file.value());
  EXPECT_TRUE(use.features.empty() && use.by_vendor.empty() && !use.asks);
}

TEST(InstructionUse, CodeThatAsksNeedsWhatItWasTold) {
  const InstructionUse asks{{"avx2", "avx512f", "sse2"}, {}, true};
  const InstructionUse quiet{{"avx", "xop"}, {}, false};
  const CpuFeatureSet here{"avx", "avx2", "sse2"};
  using Names = std::vector<std::string>;
  EXPECT_EQ(needed_features({asks}, here, here), (Names{"avx2", "sse2"}));
  EXPECT_EQ(needed_features({asks}, {"sse2"}, here), (Names{"sse2"}));
  // What asks nobody runs all it has, but not what would have been an invalid instruction here.
  EXPECT_EQ(needed_features({asks, quiet}, {"sse2"}, here), (Names{"avx", "sse2"}));
}

}  // namespace
}  // namespace ttrace
