#include "ticks/cpu_model.h"

#include <cpuid.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace ttrace {
namespace {

constexpr unsigned kHybridLeaf = 0x1a;
constexpr std::uint32_t kHybridBit = 1u << 15;
constexpr std::uint32_t kEfficiencyCore = 0x20;  // the other kind is 0x40

}  // namespace

CpuModel understand_cpu(const CpuidWords& words) {
  CpuModel cpu;
  char vendor[sizeof words.vendor + 1] = {};
  std::memcpy(vendor, words.vendor, sizeof words.vendor);
  cpu.vendor = vendor;
  // It ends up in messages.
  std::ranges::replace_if(
      cpu.vendor, [](char c) { return c < ' ' || c > '~'; }, '?');

  const std::uint32_t eax = words.signature;
  const unsigned base = eax >> 8 & 0xf;
  cpu.family = base == 0xf ? base + (eax >> 20 & 0xff) : base;
  cpu.model = eax >> 4 & 0xf;
  if (base == 0xf || base == 6) cpu.model |= (eax >> 16 & 0xf) << 4;
  if (words.is_hybrid) {
    const bool small = words.hybrid_place >> 24 == kEfficiencyCore;
    cpu.core = small ? CoreKind::efficiency : CoreKind::performance;
  }
  return cpu;
}

CpuModel this_cpu() {
  CpuidWords words;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d)) {
    words.vendor[0] = b;
    words.vendor[1] = d;
    words.vendor[2] = c;
  }
  if (__get_cpuid(1, &a, &b, &c, &d)) words.signature = a;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) words.is_hybrid = d & kHybridBit;
  if (words.is_hybrid && __get_cpuid_count(kHybridLeaf, 0, &a, &b, &c, &d)) words.hybrid_place = a;
  return understand_cpu(words);
}

std::string to_string(const CpuModel& cpu) {
  constexpr const char* kKinds[] = {"", ", a performance core", ", an efficiency core"};
  return fmt::format("{} family {}, model {}{}", cpu.vendor, cpu.family, cpu.model,
                     kKinds[std::size_t(cpu.core)]);
}

}  // namespace ttrace
