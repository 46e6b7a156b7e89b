#include "hunt/cpu_needs.h"

#include <algorithm>
#include <filesystem>

#include "rewrite/instruction_use.h"

namespace ttrace {
namespace {

CpuFeatureSet visible_features(bool portable) {
  if (!portable) return features_here();
  const CpuidSource shown = [](std::uint32_t leaf, std::uint32_t subleaf) {
    return as_x86_64_v2(leaf, subleaf, cpuid_here(leaf, subleaf));
  };
  return features_of(shown, 0);
}

/// The C library's loader is told of no XSAVE state (CPUID leaf 0xd), so it saves none.
bool is_loader(const std::string& path) {
  return std::filesystem::path(path).filename().string().starts_with("ld-");
}

std::string named(const std::string& path, const std::vector<std::string>& instructions) {
  std::string text = std::filesystem::path(path).filename().string() + ":";
  for (const std::string& name : instructions) text += (text.back() == ':' ? " " : ", ") + name;
  return text;
}

}  // namespace

void describe_cpu(const RecordResult& result, bool portable, const std::string& cache,
                  TraceInfo& info) {
  const CpuFeatureSet here = features_here();
  const CpuFeatureSet visible = visible_features(portable);
  info.cpu.vendor = cpu_vendor(cpuid_here);
  info.cpu.layout = xsave_layout_here();
  std::vector<InstructionUse> uses;
  for (const RecordedObject& object : result.recording.objects()) {
    if (!object.executed) continue;
    InstructionUse use = instruction_use_of(object.file.value(), cache);
    const bool told = (use.asks ? visible : here).contains("xsave");
    const bool loader = is_loader(object.info.path);
    if (use.saves_state && told && !loader) info.cpu.saves_state.push_back(object.info.path);
    std::vector<std::string> differing = use.by_vendor;
    // The loader only looks for what cpuid told it of.
    if (!told || loader) std::erase(differing, "xgetbv");
    if (!differing.empty()) info.cpu.by_vendor.push_back(named(object.info.path, differing));
    uses.push_back(std::move(use));
  }
  info.cpu_features = needed_features(uses, visible, here);
  // Nobody has seen the code that it wrote; it may use what it was told of.
  if (result.writes_code) info.cpu_features.assign(visible.begin(), visible.end());
}

}  // namespace ttrace
