#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "hunt/cases.h"
#include "hunt/crew.h"
#include "hunt/keep.h"
#include "record/recorder.h"
#include "record/snapshot.h"

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
  /// Ends the processes that are held for further attempts: there are none.
  virtual void leave() {}
};

/// The recorder, the store and the replayer.
class RecordingLab : public Lab {
 public:
  struct Options {
    std::string directory;  ///< of the traces
    bool color = false;     ///< output is shown on a terminal
    /// Attempts are copies of the program as it was when the case began (Snapshot).
    bool reruns_by_fork = false;
    std::function<std::string(const std::string& path)> stack_of;  ///< Lab::stack_of; may be empty
  };
  /// `recording` is what all attempts have in common; the rest comes with each order. What it
  /// points to must outlive the lab.
  RecordingLab(TestBinary binary, RecordOptions recording, Options options);
  ~RecordingLab() override;

  /// Attempts are made on this CPU from now on; less than 0: on the one where the caller is.
  void use_cpu(int cpu) { recording_.cpu = cpu; }

  RecordResult attempt(const TestCase& test, const AttemptOrder& order) override;
  std::string keep(const RecordResult& result, TraceInfo info) override;
  Verification verify(const std::string& path, const RecordResult& result) override;
  std::string stack_of(const std::string& path) override;
  std::uint64_t size_of(const std::string& path) override;
  std::chrono::milliseconds now() override;
  void leave() override { held_.clear(); }

 private:
  /// A case whose program is held, for its attempts to be copies of.
  struct HeldCase {
    std::size_t test = 0;
    std::unique_ptr<Snapshot> snapshot;
  };

  RecordOptions options_of(const AttemptOrder& order) const;
  RecordResult attempt_by_fork(const TestCase& test, const AttemptOrder& order);

  TestBinary binary_;
  RecordOptions recording_;
  Options options_;
  CpuidAnswers cpuid_;
  std::set<std::size_t> whole_;  ///< cases whose program begins none: each attempt is one of it
  std::deque<HeldCase> held_;    ///< the one used last is the last
  /// What the last attempt was executed with: not its own seed where it is a copy.
  std::uint64_t program_seed_ = 0;
};

/// What is executed for one attempt: the case alone, as the framework takes it.
Program attempt_program(const TestBinary& binary, const TestCase& test, bool color,
                        std::uint64_t seed);

}  // namespace ttrace
