#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "hunt/cases.h"
#include "hunt/crew.h"
#include "hunt/keep.h"
#include "record/recorder.h"

namespace ttrace {

/// What a hunt does to the world. Its loop, its verdicts and its words are tested with another one.
class Lab {
 public:
  virtual ~Lab() = default;
  /// Records one attempt of one case. Throws as record() does.
  virtual RecordResult attempt(const TestCase& test, const AttemptOrder& order) = 0;
  /// Keeps a failing attempt and returns the trace's path. `info` holds what the hunt knows: case,
  /// seed, attempt, verdict. Throws Error if it cannot be kept.
  virtual std::string keep(const RecordResult& result, TraceInfo info) = 0;
  virtual Verification verify(const std::string& path, const RecordResult& result) = 0;
  /// The functions on the stack of the thread that failed, innermost first, one a line; "" if they
  /// cannot be told. Throws nothing.
  virtual std::string stack_of(const std::string& path) = 0;
  /// Bytes of a file; 0 if unknown.
  virtual std::uint64_t size_of(const std::string& path) = 0;
  /// Any clock that does not go backwards.
  virtual std::chrono::milliseconds now() = 0;
};

/// The recorder, the store and the replayer.
class RecordingLab : public Lab {
 public:
  struct Options {
    std::chrono::milliseconds timeout{0};
    std::string directory;  ///< of the traces
    bool color = false;     ///< output is shown on a terminal
    const std::atomic<bool>* interrupted = nullptr;
    TickPlanCache* ticks = nullptr;          ///< null: attempts have no ticks
    const TickCounters* counters = nullptr;  ///< RecordOptions::counters
    bool agent = false;                      ///< RecordOptions::agent
    std::vector<std::string> private_paths;  ///< RecordOptions::private_paths
    bool portable = false;                   ///< RecordOptions::portable
    RecordingLimits limits;                  ///< RecordOptions::limits
    AddressChoice addresses = AddressChoice::mixed;
    std::function<std::string(const std::string& path)> stack_of;  ///< Lab::stack_of; may be empty
  };
  /// `sites` and `options.ticks` must outlive it.
  RecordingLab(TestBinary binary, Options options, SiteCache& sites);

  /// Attempts are made on this CPU from now on; less than 0: on the one where the caller is.
  void use_cpu(int cpu) { cpu_ = cpu; }

  RecordResult attempt(const TestCase& test, const AttemptOrder& order) override;
  std::string keep(const RecordResult& result, TraceInfo info) override;
  Verification verify(const std::string& path, const RecordResult& result) override;
  std::string stack_of(const std::string& path) override;
  std::uint64_t size_of(const std::string& path) override;
  std::chrono::milliseconds now() override;

 private:
  TestBinary binary_;
  Options options_;
  SiteCache& sites_;
  CpuidAnswers cpuid_;
  int cpu_ = -1;
};

/// What is executed for one attempt: the case alone, as the framework takes it.
Program attempt_program(const TestBinary& binary, const TestCase& test, bool color,
                        std::uint64_t seed);

}  // namespace ttrace
