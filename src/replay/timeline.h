#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "replay/checkpoints.h"
#include "replay/driving.h"
#include "replay/position.h"
#include "replay/replayer.h"
#include "trace/reader.h"

namespace ttrace {

/// What a run over the timeline stops for. All of it concerns one process; others run through.
struct TimelineLimits {
  Pid process;
  Position begin;  ///< a run backwards goes no further
  Position end;    ///< a run forwards goes no further; at an event
  /// One instruction of this thread; none: go on.
  std::optional<Tid> step;
  /// A run forwards passes a breakpoint where the thread stands.
  bool pass = false;
  /// Exec events of the process, ascending: a run forwards stops before each, one backwards does
  /// not cross it.
  std::vector<EventNumber> barriers;
  /// Whether a signal of the process stops the run; null: none does.
  std::function<bool(int signal)> stops_at_signal;
  /// Whether the begin or the end (`returns`) of a system call of the process stops the run; null:
  /// none does. The present place is none that it stops at.
  std::function<bool(std::int64_t number, bool returns)> stops_at_call;
  const std::atomic<bool>* interrupt = nullptr;
};

/// A replay that goes in both directions. It keeps copies of itself on the way (checkpoints: one
/// fork per address space), dense near the present and sparse far from it. To go back is to go on
/// from a copy. To stop at the last of the places that a run backwards looks for, the way from a
/// copy is gone twice: once to find it, once to go there.
///
/// Breakpoints and watchpoints are of one process, and stay over all movements until they are
/// removed. Every method may throw what Replayer throws, after which only destruction is allowed.
class Timeline {
 public:
  /// True: the thread stops there.
  using Condition = std::function<bool(Tid tid)>;

  /// Stands at the begin of the recording. `trace` must outlive this object.
  explicit Timeline(TraceReader& trace);

  /// What the program wrote, when run_forward() passes it; not when anything else does.
  void on_output(std::function<void(int stream, ByteView text)> sink) { sink_ = std::move(sink); }

  /// The present; the reference is valid until the next movement.
  const Replayer& now() const { return *now_; }
  /// A copy of the present that may be driven and thrown away.
  std::unique_ptr<Replayer> diversion() const { return now_->fork(); }
  /// Another timeline that stands where this one stands, without breakpoints, watchpoints and a
  /// sink; the two share their checkpoints, nothing else. Used from the same thread.
  std::unique_ptr<Timeline> fork() const;
  /// Where the present is. May have to find it out by going there again.
  Position position();

  /// Goes there from wherever it stands, looking at no breakpoint. Kind::interrupted: it stands
  /// somewhere between.
  ReplayStop seek(Position to, const std::atomic<bool>* interrupt = nullptr);
  /// Kind::event: at `end` or a barrier.
  ReplayStop run_forward(const TimelineLimits& limits);
  /// Kind::end: at `begin`. Kind::event: at a barrier, whose event is not applied. A stop of
  /// Kind::watchpoint stands before the access. Kind::interrupted: it stands where everything
  /// behind has been searched.
  ReplayStop run_backward(const TimelineLimits& limits);

  /// False if nothing is mapped there. One for each address: again, it gets another condition
  /// (null: always).
  bool set_breakpoint(Pid process, Address at, Condition condition = {});
  void remove_breakpoint(Pid process, Address at);
  /// False if it is to be watched for reading and there are not enough debug registers.
  bool set_watchpoint(Pid process, const WatchRange& range);
  void remove_watchpoint(Pid process, const WatchRange& range);
  /// After an exec: they were in the program that is gone.
  void forget_breakpoints(Pid process);

  std::size_t checkpoint_count() const { return checkpoints_->size(); }

 private:
  /// A place by the way there: the nth stop after a checkpoint.
  struct Hit {
    std::shared_ptr<const Replayer> from;
    std::uint64_t nth = 0;
  };
  /// What a search from a checkpoint has found so far.
  struct Search {
    bool interrupted = false;
    std::optional<Hit> last;
  };

  /// While it exists, all runs share one Driving. They nest: the outermost one makes it.
  class Driven {
   public:
    explicit Driven(Timeline& timeline);
    ~Driven();
    Driven(const Driven&) = delete;
    Driven& operator=(const Driven&) = delete;

   private:
    Timeline& timeline_;
    bool outermost_;
  };

  Timeline(TraceReader& trace, std::unique_ptr<Replayer> now,
           std::shared_ptr<Checkpoints> checkpoints);

  void replace(std::unique_ptr<Replayer> replayer);
  void go_back_to(const Checkpoints::Entry& checkpoint);
  void arm(Pid process);
  void disarm();
  std::shared_ptr<const Replayer> keep_checkpoint();
  ReplayStop run(ReplayLimits& limits);
  ReplayStop advance(ReplayLimits limits);
  ReplayLimits limits_of(const TimelineLimits& limits) const;
  bool is_wanted(const ReplayStop& stop, const TimelineLimits& limits) const;
  TimelineLimits beyond(const Position& here, const TimelineLimits& limits) const;
  std::vector<Bytes> watched_values(Pid process) const;
  ReplayStop stop_here(ReplayStop::Kind kind, Tid tid) const;

  // timeline_backward.cpp
  std::optional<Position> step_origin(Tid tid, const Position& from);
  ReplayStop step_backward(const TimelineLimits& limits);
  ReplayStop continue_backward(const TimelineLimits& limits);
  Search search(Hit next, const Position& to, const TimelineLimits& limits);
  ReplayStop land(const Hit& hit, const TimelineLimits& limits);

  TraceReader& trace_;
  std::unique_ptr<Replayer> now_;
  std::shared_ptr<Checkpoints> checkpoints_;
  std::optional<Driving> driving_;    ///< during a movement
  std::chrono::microseconds kept_{};  ///< elapsed() of the last checkpoint before the present
  std::map<std::pair<Pid, Address>, Condition> breakpoints_;
  std::set<std::pair<Pid, WatchRange>> watchpoints_;
  std::optional<Pid> armed_;  ///< the breakpoints of this process are in its memory
  std::function<void(int, ByteView)> sink_;
};

}  // namespace ttrace
