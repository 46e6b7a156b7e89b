#include "base/cpu_features.h"

#include <cpuid.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.h"

namespace ttrace {
namespace {

using enum CpuFeature::Register;

constexpr std::uint32_t kExtended = 0x80000001;

// Intel SDM volume 2, CPUID; AMD64 APM volume 3, appendix E; levels: System V psABI, x86-64, 3.1.1.
constexpr CpuFeature kFeatures[] = {
    {"cmov", 1, 0, edx, 15, 1},
    {"cx8", 1, 0, edx, 8, 1},
    {"fxsr", 1, 0, edx, 24, 1},
    {"mmx", 1, 0, edx, 23, 1},
    {"sse", 1, 0, edx, 25, 1},
    {"sse2", 1, 0, edx, 26, 1},
    {"cx16", 1, 0, ecx, 13, 2},
    {"lahf_lm", kExtended, 0, ecx, 0, 2},
    {"popcnt", 1, 0, ecx, 23, 2},
    {"pni", 1, 0, ecx, 0, 2},
    {"sse4_1", 1, 0, ecx, 19, 2},
    {"sse4_2", 1, 0, ecx, 20, 2},
    {"ssse3", 1, 0, ecx, 9, 2},
    {"avx", 1, 0, ecx, 28, 3},
    {"avx2", 7, 0, ebx, 5, 3},
    {"bmi1", 7, 0, ebx, 3, 3},
    {"bmi2", 7, 0, ebx, 8, 3},
    {"f16c", 1, 0, ecx, 29, 3},
    {"fma", 1, 0, ecx, 12, 3},
    {"abm", kExtended, 0, ecx, 5, 3},
    {"movbe", 1, 0, ecx, 22, 3},
    {"xsave", 1, 0, ecx, 26, 3},
    {"avx512f", 7, 0, ebx, 16, 4},
    {"avx512bw", 7, 0, ebx, 30, 4},
    {"avx512cd", 7, 0, ebx, 28, 4},
    {"avx512dq", 7, 0, ebx, 17, 4},
    {"avx512vl", 7, 0, ebx, 31, 4},
    {"3dnow", kExtended, 0, edx, 31, kNoLevel},
    {"3dnowprefetch", kExtended, 0, ecx, 8, kNoLevel},
    {"adx", 7, 0, ebx, 19, kNoLevel},
    {"aes", 1, 0, ecx, 25, kNoLevel},
    {"amx_bf16", 7, 0, edx, 22, kNoLevel},
    {"amx_int8", 7, 0, edx, 25, kNoLevel},
    {"amx_tile", 7, 0, edx, 24, kNoLevel},
    {"avx512_4fmaps", 7, 0, edx, 3, kNoLevel},
    {"avx512_4vnniw", 7, 0, edx, 2, kNoLevel},
    {"avx512_bf16", 7, 1, eax, 5, kNoLevel},
    {"avx512_bitalg", 7, 0, ecx, 12, kNoLevel},
    {"avx512_fp16", 7, 0, edx, 23, kNoLevel},
    {"avx512_vbmi2", 7, 0, ecx, 6, kNoLevel},
    {"avx512_vnni", 7, 0, ecx, 11, kNoLevel},
    {"avx512_vp2intersect", 7, 0, edx, 8, kNoLevel},
    {"avx512_vpopcntdq", 7, 0, ecx, 14, kNoLevel},
    {"avx512er", 7, 0, ebx, 27, kNoLevel},
    {"avx512ifma", 7, 0, ebx, 21, kNoLevel},
    {"avx512pf", 7, 0, ebx, 26, kNoLevel},
    {"avx512vbmi", 7, 0, ecx, 1, kNoLevel},
    {"avx_vnni", 7, 1, eax, 4, kNoLevel},
    {"clflushopt", 7, 0, ebx, 23, kNoLevel},
    {"clwb", 7, 0, ebx, 24, kNoLevel},
    {"clzero", 0x80000008, 0, ebx, 0, kNoLevel},
    {"enqcmd", 7, 0, ecx, 29, kNoLevel},
    {"fma4", kExtended, 0, ecx, 16, kNoLevel},
    {"fsgsbase", 7, 0, ebx, 0, kNoLevel},
    {"gfni", 7, 0, ecx, 8, kNoLevel},
    {"lwp", kExtended, 0, ecx, 15, kNoLevel},
    {"movdir64b", 7, 0, ecx, 28, kNoLevel},
    {"movdiri", 7, 0, ecx, 27, kNoLevel},
    {"pclmulqdq", 1, 0, ecx, 1, kNoLevel},
    {"pku", 7, 0, ecx, 3, kNoLevel},
    {"serialize", 7, 0, edx, 14, kNoLevel},
    {"sha_ni", 7, 0, ebx, 29, kNoLevel},
    {"sse4a", kExtended, 0, ecx, 6, kNoLevel},
    {"tbm", kExtended, 0, ecx, 21, kNoLevel},
    {"vaes", 7, 0, ecx, 9, kNoLevel},
    {"vpclmulqdq", 7, 0, ecx, 10, kNoLevel},
    {"xop", kExtended, 0, ecx, 11, kNoLevel},
    {"xsavec", 0xd, 1, eax, 1, kNoLevel},
    {"xsaveopt", 0xd, 1, eax, 0, kNoLevel},
};

// What a leaf keeps under as_x86_64_v2(); leaves that are not here keep everything.
struct KeptBits {
  std::uint32_t first_leaf;
  std::uint32_t last_leaf;
  CpuidResult bits;
};
constexpr std::uint32_t kAll = ~0u;
constexpr std::uint32_t bits(std::initializer_list<int> numbers) {
  std::uint32_t mask = 0;
  for (const int number : numbers) mask |= 1u << number;
  return mask;
}
constexpr KeptBits kKept[] = {
    // pni, ssse3, cx16, sse4_1, sse4_2, popcnt, hypervisor
    {1, 1, {kAll, kAll, bits({0, 9, 13, 19, 20, 23, 31}), kAll}},
    {7, 7, {0, bits({9}), 0, bits({4})}},  // erms, fsrm: how fast, not what
    {0xd, 0xd, {0, 0, 0, 0}},              // the state that XSAVE saves
    {0x12, 0x12, {0, 0, 0, 0}},            // SGX
    {0x14, 0x14, {0, 0, 0, 0}},            // processor trace
    {0x19, 0x19, {0, 0, 0, 0}},            // key locker
    {0x1d, 0x1e, {0, 0, 0, 0}},            // AMX
    {0x24, 0x24, {0, 0, 0, 0}},            // AVX10
    {kExtended, kExtended, {kAll, kAll, bits({0}), bits({11, 20, 26, 29})}},  // lahf; syscall,
                                                                              // nx, pages, lm
    {0x80000008, 0x80000008, {kAll, 0, kAll, kAll}},
};

// XCR0 bits that the kernel must enable for a feature's registers (Intel SDM volume 1, 13.1).
struct NeededState {
  std::string_view prefix;
  std::uint64_t xcr0;
};
constexpr NeededState kStates[] = {
    {"avx512", 0xe6}, {"amx", 0x60000}, {"avx", 0x6}, {"fma", 0x6},
    {"f16c", 0x6},    {"vaes", 0x6},    {"xop", 0x6}, {"vpclmulqdq", 0x6},
};

}  // namespace

std::span<const CpuFeature> cpu_features() { return kFeatures; }

CpuFeatureSet features_of(const CpuidSource& cpuid, std::uint64_t xcr0) {
  const std::uint32_t last = cpuid(0, 0)[eax];
  const std::uint32_t last_extended = cpuid(0x80000000, 0)[eax];
  // On a virtual machine each question costs microseconds.
  std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidResult> answers;
  CpuFeatureSet result;
  for (const CpuFeature& feature : kFeatures) {
    if (feature.leaf > (feature.leaf >= 0x80000000 ? last_extended : last)) continue;
    const auto [answer, is_new] = answers.try_emplace({feature.leaf, feature.subleaf});
    if (is_new) answer->second = cpuid(feature.leaf, feature.subleaf);
    if (!(answer->second[feature.where] >> feature.bit & 1)) continue;
    const std::string_view name = feature.name;
    const auto* state = std::ranges::find_if(
        kStates, [&](const NeededState& row) { return name.starts_with(row.prefix); });
    if (state != std::end(kStates) && (xcr0 & state->xcr0) != state->xcr0) continue;
    result.emplace(name);
  }
  return result;
}

std::uint64_t xcr0_here() {
  constexpr std::uint32_t kOsXsave = 1u << 27;
  if (!(cpuid_here(1, 0)[ecx] & kOsXsave)) return 0;
  std::uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t(high) << 32 | low;
}

CpuFeatureSet features_here() { return features_of(cpuid_here, xcr0_here()); }

CpuFeatureSet features_of_level(int level) {
  CpuFeatureSet result;
  for (const CpuFeature& feature : kFeatures) {
    if (feature.level <= level) result.emplace(feature.name);
  }
  return result;
}

CpuFeatureSet parse_cpu(const std::string& text) {
  constexpr std::string_view kLevel = "x86-64-v";
  if (text.starts_with(kLevel) && text.size() == kLevel.size() + 1 && text.back() >= '1' &&
      text.back() <= '4') {
    return features_of_level(text.back() - '0');
  }
  CpuFeatureSet result;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string name = text.substr(from, to - from);
    const bool known = std::ranges::any_of(
        kFeatures, [&](const CpuFeature& feature) { return name == feature.name; });
    if (!known) {
      throw UsageError("\"" + name +
                       "\" is no CPU feature: x86-64-v1 to x86-64-v4, or names of /proc/cpuinfo "
                       "between commas");
    }
    result.insert(name);
    from = to + 1;
  }
  return result;
}

std::vector<std::string> lacking(const std::vector<std::string>& needed,
                                 const CpuFeatureSet& available) {
  std::vector<std::string> result;
  for (const std::string& name : needed) {
    if (!available.contains(name)) result.push_back(name);
  }
  return result;
}

CpuidResult as_x86_64_v2(std::uint32_t leaf, std::uint32_t subleaf, CpuidResult answer) {
  if (leaf == 7 && subleaf > 0) return {};
  for (const KeptBits& row : kKept) {
    if (leaf < row.first_leaf || leaf > row.last_leaf) continue;
    for (std::size_t i = 0; i < answer.size(); ++i) answer[i] &= row.bits[i];
  }
  return answer;
}

std::string cpu_vendor(const CpuidSource& cpuid) {
  const CpuidResult answer = cpuid(0, 0);
  std::array<char, 12> text{};
  for (std::size_t i = 0; const auto where : {ebx, edx, ecx}) {
    std::memcpy(text.data() + i, &answer[where], sizeof answer[where]);
    i += sizeof answer[where];
  }
  return {text.begin(), text.end()};
}

CpuidResult cpuid_here(std::uint32_t leaf, std::uint32_t subleaf) {
  CpuidResult answer{};
  __cpuid_count(leaf, subleaf, answer[eax], answer[ebx], answer[ecx], answer[edx]);
  return answer;
}

}  // namespace ttrace
