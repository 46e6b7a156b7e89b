#pragma once

#include <cstdint>
#include <string>

namespace ttrace {

/// What kind of core a CPU is, on processors that mix kinds (cpuid leaf 0x1a).
enum class CoreKind : std::uint8_t { only, performance, efficiency };

/// A CPU as cpuid names it: family and model with their extensions added, as /proc/cpuinfo shows
/// them.
struct CpuModel {
  std::string vendor;  ///< "GenuineIntel", "AuthenticAMD"...
  unsigned family = 0;
  unsigned model = 0;
  CoreKind core = CoreKind::only;
};

/// The registers of cpuid that name a CPU.
struct CpuidWords {
  std::uint32_t vendor[3] = {};    ///< leaf 0: ebx, edx, ecx
  std::uint32_t signature = 0;     ///< leaf 1: eax
  bool is_hybrid = false;          ///< leaf 7: edx bit 15
  std::uint32_t hybrid_place = 0;  ///< leaf 0x1a: eax
};

CpuModel understand_cpu(const CpuidWords& words);

/// The CPU that the caller runs on. On a hybrid processor the caller is pinned to it.
CpuModel this_cpu();

/// "GenuineIntel family 6, model 151, an efficiency core".
std::string to_string(const CpuModel& cpu);

}  // namespace ttrace
