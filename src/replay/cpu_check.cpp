#include "replay/cpu_check.h"

namespace ttrace {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

ReplayCpu replay_cpu_here() { return {features_here(), xsave_layout_here()}; }

void check_cpu(const TraceReader& trace, const ReplayCpu& cpu) {
  const TraceInfo& info = trace.info();
  std::vector<std::string> missing = lacking(info.cpu_features, cpu.features);
  // An image that the program itself saves must have the size that it was told of.
  const bool other_layout = info.cpu.layout.size != 0 && info.cpu.layout != cpu.layout;
  if (other_layout && !info.cpu.saves_state.empty()) {
    missing.push_back("the recorded layout of XSAVE (which " + joined(info.cpu.saves_state) +
                      " uses)");
  }
  if (missing.empty()) return;
  throw TraceError(trace.path() + " needs what this CPU lacks: " + joined(missing) +
                   "; replay it on a CPU that has them, or record with --ttrace-portable "
                   "(--portable)");
}

}  // namespace ttrace
