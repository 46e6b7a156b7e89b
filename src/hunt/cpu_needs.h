#pragma once

#include <string>

#include "record/recorder.h"
#include "trace/info.h"

namespace ttrace {

/// Adds to `info` what a replay of the recording asks of its CPU: the features that the program's
/// code has and that it was told of (RecordOptions::portable), and where vendors differ. The code
/// is decoded once for each binary and the result kept in `cache` (SiteCache::default_directory()).
void describe_cpu(const RecordResult& result, bool portable, const std::string& cache,
                  TraceInfo& info);

}  // namespace ttrace
