#include "gdb/xsave_layout.h"

#include <cpuid.h>

namespace ttrace::gdb {
namespace {

constexpr unsigned kFeatures = 1;
constexpr unsigned kOsxsave = 1u << 27;  // in ecx of that leaf: xgetbv may be used
constexpr unsigned kExtendedState = 0xd;

std::uint64_t enabled_components() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t(high) << 32 | low;
}

}  // namespace

XsaveLayout XsaveLayout::of_this_machine() {
  XsaveLayout layout;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(kFeatures, &a, &b, &c, &d) || !(c & kOsxsave)) return layout;
  layout.enabled = enabled_components();
  for (unsigned i = avx; i < kComponents; ++i) {
    if (!(layout.enabled >> i & 1)) continue;
    if (__get_cpuid_count(kExtendedState, i, &a, &b, &c, &d) && a != 0) {
      layout.offset[i] = b;
    } else {
      layout.enabled &= ~(std::uint64_t(1) << i);
    }
  }
  return layout;
}

}  // namespace ttrace::gdb
