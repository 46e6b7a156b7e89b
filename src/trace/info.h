#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "base/xsave_layout.h"

namespace ttrace {

/// Why a kept attempt failed, where that is known.
struct Failure {
  std::string file;  ///< source file of the failed assertion; may be empty
  int line = 0;
  std::string message;  ///< may have several lines
  EventNumber event;    ///< the mark, the signal, the exit or the end
  Tid tid;              ///< the thread it happened in
};

/// Where a trace was recorded, as far as a replay on another CPU depends on it.
struct RecordedCpu {
  std::string vendor;  ///< "AuthenticAMD"; "" in traces that do not say
  XsaveLayout layout;  ///< of the vector registers in its events
  /// Binaries that save the extended state themselves, in that layout.
  std::vector<std::string> saves_state;
  /// Binaries with instructions whose results the manuals leave open: "libm.so.6: fsin, fyl2x".
  std::vector<std::string> by_vendor;
};

/// What a trace says about itself; stored as JSON, so that later versions can add to it.
struct TraceInfo {
  std::string writer;     ///< "ttrace 0.1.0"
  std::string framework;  ///< "gtest", or "" for a plain program
  std::string case_name;  ///< "" for a plain program
  std::string verdict;    ///< "failed", "crashed", "exited early", "timed out", ...
  std::optional<Failure> failure;
  std::uint64_t seed = 0;  ///< of the recording itself
  /// Of the run that made the attempt, from which `seed` was derived; none for a plain recording.
  std::optional<std::uint64_t> run_seed;
  int attempt = 0;  ///< counted from 1; 0 for a plain recording
  std::vector<std::string> command;
  std::string directory;
  std::vector<std::string> environment_names;
  std::string host;     ///< kernel and CPU, for a reader
  int exit_status = 0;  ///< of the first process, as wait(2) gives it
  std::uint64_t duration_us = 0;
  /// What the CPU of a replay must have, as /proc/cpuinfo names it. In the file's header, not here.
  std::vector<std::string> cpu_features;
  std::uint64_t ticks = 0;  ///< of all threads together; 0 where older versions wrote it
  /// Which event counted the ticks, if a hardware counter did (TickCounters::event()); else "".
  std::string hardware_ticks;
  RecordedCpu cpu;
};

std::string to_json(const TraceInfo& info);
/// Throws TraceError on anything that is not such a text; unknown members are ignored.
TraceInfo trace_info_from_json(const std::string& text);

}  // namespace ttrace
