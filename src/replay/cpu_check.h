#pragma once

#include "base/cpu_features.h"
#include "base/xsave_layout.h"
#include "trace/reader.h"

namespace ttrace {

/// A CPU that a trace is to be replayed on: this one, or (to find out whether it could) another.
struct ReplayCpu {
  CpuFeatureSet features;
  XsaveLayout layout;
};
ReplayCpu replay_cpu_here();

/// Throws TraceError with all that the CPU lacks for this trace, before anything runs.
void check_cpu(const TraceReader& trace, const ReplayCpu& cpu);

}  // namespace ttrace
