#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gdb/outline.h"
#include "gdb/target.h"
#include "replay/timeline.h"
#include "trace/reader.h"

namespace ttrace::gdb {

/// One process of a trace as a debugger sees it: the one in which the failure happened, or the
/// first, or any other one. Where an assertion failed in that, this is its failure. Its history
/// begins at its first instruction (of the program that it runs at the failure) and ends where it
/// exits.
class ReplayTarget : public DebugTarget {
 public:
  /// Reads the whole trace once, then replays up to the failure, or to the begin if there is none.
  /// `process`: another one than that, which then stands at its own failure, or at its begin.
  /// `trace` must outlive this object. Throws TraceError, Divergence, and UsageError if there is no
  /// such process.
  explicit ReplayTarget(TraceReader& trace, std::optional<Pid> process = {});
  ~ReplayTarget() override;

  Pid process() const override { return pid_; }
  std::vector<TargetThread> threads() const override;
  GeneralRegisters registers(Tid tid) const override;
  Bytes vector_state(Tid tid) const override;
  std::size_t read_memory(Address at, std::span<std::byte> into) const override;
  std::size_t read_memory_of(Pid pid, Address at, std::span<std::byte> into) const override;
  Bytes signal_info() const override;
  Bytes auxiliary_vector() const override;
  std::string executable() const override;
  std::optional<Fd> open_file(const std::string& path) const override;
  bool insert_breakpoint(Address at, Condition condition) override;
  void remove_breakpoint(Address at) override;
  bool insert_watchpoint(const WatchRange& range) override;
  void remove_watchpoint(const WatchRange& range) override;
  const TargetStop& stop() const override { return stop_; }
  const TargetStop& resume(const ResumeRequest& request) override;
  const TargetStop& seek(Position to, const std::atomic<bool>* interrupt) override;
  bool can_go_back() const override { return true; }
  Position position() override { return timeline_->position(); }
  Position history_begin() const override { return just_before(begin_); }
  Position history_end() const override { return {process_outline().end}; }
  std::optional<TargetFailure> failure() const override;
  std::string case_name() const override;
  std::vector<TargetMark> marks() const override { return outline_->marks; }
  TraceReader* trace() override { return &trace_; }
  std::uint64_t digest() const override;
  std::unique_ptr<Diversion> divert() const override;
  std::unique_ptr<DebugTarget> excursion() const override;
  void on_output(std::function<void(ByteView text)> sink) override { sink_ = std::move(sink); }

 private:
  ReplayTarget(const ReplayTarget& other, std::unique_ptr<Timeline> timeline);

  const ProcessOutline& process_outline() const { return outline_->processes.at(pid_); }
  /// The last exec event of the process before the present position.
  std::optional<EventNumber> last_exec() const;
  std::optional<std::uint32_t> object_at(Address at) const;
  TimelineLimits limits_of(const ResumeRequest& request) const;
  TargetStop forward(const TimelineLimits& limits);
  TargetStop backward(const TimelineLimits& limits);
  TargetStop told(const ReplayStop& stop);
  TargetStop pass_exec();
  /// The stop before the next event, at which `tid` has arrived.
  TargetStop arrived(Tid tid);
  TargetStop signal_stop(Tid tid, int signal);
  bool is_ours(Tid tid) const;
  std::optional<TargetFailure> assertion_at(EventNumber number) const;

  TraceReader& trace_;
  std::shared_ptr<const Outline> outline_;  ///< its excursions have the same
  Pid pid_;
  EventNumber begin_;
  std::unique_ptr<Timeline> timeline_;
  TargetStop stop_;
  /// The signal event that the last stop told about.
  std::optional<EventNumber> told_signal_;
  std::function<void(ByteView)> sink_;
};

}  // namespace ttrace::gdb
