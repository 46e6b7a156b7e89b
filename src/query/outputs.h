#pragma once

#include <string>
#include <vector>

#include "trace/reader.h"

namespace ttrace {

/// What one system call wrote to the standard output or error of the recorded program.
struct OutputRecord {
  EventNumber event;
  Tid tid;
  int stream = 1;  ///< 1: output, 2: error
  std::uint64_t time_us = 0;
  std::string text;
};

/// Replays the whole trace: what a call wrote is not in it. Throws TraceError and Divergence.
std::vector<OutputRecord> outputs_of(const std::string& trace_path);

}  // namespace ttrace
