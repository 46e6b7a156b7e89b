#pragma once

#include <memory>

#include "record/recorder.h"

namespace ttrace {

struct Launched;
class RecordSession;

/// A program that was recorded up to where its first process begins a case, and is held there:
/// attempts are copies of it, made by fork, which cost nothing of what it did before. What was
/// drawn before (addresses, hash seeds) is the same in all of them.
///
/// An attempt's recording is complete: it begins with the program's first event, says at the case's
/// begin that the process made a child, and goes on with that child, which is its
/// RecordResult::root.
///
/// The program ends with this object. Several may live at a time; all calls must come from the
/// thread that made it.
class Snapshot {
 public:
  /// Records `program`. Throws as record() does, and NotRecordable if the program has something at
  /// the case's begin that a fork does not copy, naming it (docs/decisions/0024). What the options
  /// refer to must outlive it.
  Snapshot(const Program& program, const RecordOptions& options);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// No case began: the recording is of the whole program.
  bool is_whole() const { return is_whole_; }
  /// Once, if is_whole().
  RecordResult take_whole() { return std::move(result_); }

  /// Unless is_whole(): records one copy to its end. Of the options, seed, chaos, expected_ticks,
  /// timeout (from the case's begin) and what is looked at while recording count. False if the held
  /// program is gone, because somebody killed it: this object is of no more use.
  bool attempt(const RecordOptions& options, RecordResult& result);

 private:
  RecordOptions options_;
  RecordResult result_;
  bool is_whole_ = false;
  std::unique_ptr<Launched> launched_;  ///< outlives the session, which ends the child
  std::unique_ptr<RecordSession> held_;
};

}  // namespace ttrace
