#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace ttrace {

/// eax, ebx, ecx, edx.
using CpuidResult = std::array<std::uint32_t, 4>;
/// cpuid of some CPU: this one, or one that is only described.
using CpuidSource = std::function<CpuidResult(std::uint32_t leaf, std::uint32_t subleaf)>;

/// One thing that a program can use if the CPU has it.
struct CpuFeature {
  enum Register : std::uint8_t { eax, ebx, ecx, edx };
  const char* name;  ///< as /proc/cpuinfo has it
  std::uint32_t leaf;
  std::uint32_t subleaf;
  Register where;
  std::uint8_t bit;
  std::uint8_t level;  ///< 1 to 4: part of x86-64-vN (psABI); kNoLevel: of none
};
inline constexpr std::uint8_t kNoLevel = 9;

std::span<const CpuFeature> cpu_features();

using CpuFeatureSet = std::set<std::string, std::less<>>;

/// What a CPU has and, as far as `xcr0` (XGETBV with ecx 0) matters, the kernel enables.
CpuFeatureSet features_of(const CpuidSource& cpuid, std::uint64_t xcr0);
/// Those of the CPU that executes this.
CpuFeatureSet features_here();
/// All of x86-64-v`level` and of the levels below.
CpuFeatureSet features_of_level(int level);
/// "x86-64-v2", or names between commas; throws UsageError for anything else.
CpuFeatureSet parse_cpu(const std::string& text);

/// In the order of `needed`.
std::vector<std::string> lacking(const std::vector<std::string>& needed,
                                 const CpuFeatureSet& available);

/// What cpuid answers to a program that shall use no more than x86-64-v2: what it says of newer
/// instructions, and of the state that they have, is taken out.
CpuidResult as_x86_64_v2(std::uint32_t leaf, std::uint32_t subleaf, CpuidResult answer);

/// "GenuineIntel", "AuthenticAMD"...: who decides about what architecture manuals leave open.
std::string cpu_vendor(const CpuidSource& cpuid);
/// XGETBV with ecx 0; 0 where the CPU or the kernel has no XSAVE.
std::uint64_t xcr0_here();
CpuidResult cpuid_here(std::uint32_t leaf, std::uint32_t subleaf);

}  // namespace ttrace
