#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gdb/outline.h"
#include "gdb/target.h"
#include "replay/replayer.h"
#include "trace/reader.h"

namespace ttrace::gdb {

/// One process of a trace as a debugger sees it: the one in which the failure happened, or the
/// first. Its history begins at its first instruction (of the program that it runs at the failure)
/// and ends where it exits.
class ReplayTarget : public DebugTarget {
 public:
  /// Reads the whole trace once, then replays up to the failure, or to the begin if there is none.
  /// `trace` must outlive this object. Throws TraceError and Divergence.
  explicit ReplayTarget(TraceReader& trace);
  ~ReplayTarget() override;

  Pid process() const override { return pid_; }
  std::vector<TargetThread> threads() const override;
  GeneralRegisters registers(Tid tid) const override;
  Bytes vector_state(Tid tid) const override;
  std::size_t read_memory(Address at, std::span<std::byte> into) const override;
  Bytes signal_info() const override;
  Bytes auxiliary_vector() const override;
  std::string executable() const override;
  std::optional<Fd> open_file(const std::string& path) const override;
  bool insert_breakpoint(Address at) override;
  void remove_breakpoint(Address at) override;
  const TargetStop& stop() const override { return stop_; }
  const TargetStop& resume(const ResumeRequest& request) override;
  const TargetStop& seek(Position to, const std::atomic<bool>* interrupt) override;
  Position position() const override;
  Position history_begin() const override { return {begin_}; }
  Position history_end() const override { return {process_outline().end}; }
  std::optional<TargetFailure> failure() const override;
  std::string case_name() const override;
  std::vector<TargetMark> marks() const override { return outline_.marks; }
  TraceReader* trace() override { return &trace_; }
  std::uint64_t fingerprint() const override;
  std::unique_ptr<Diversion> divert() const override;
  void on_output(std::function<void(ByteView text)> sink) override { sink_ = std::move(sink); }

 private:
  const ProcessOutline& process_outline() const { return outline_.processes.at(pid_); }
  void start_over();
  /// The next exec event of the process, at the present position or after it.
  std::optional<EventNumber> next_exec() const;
  /// The last one before the present position.
  std::optional<EventNumber> last_exec() const;
  std::optional<std::uint32_t> object_at(Address at) const;
  TargetStop run_once(const ResumeRequest& request);
  TargetStop run_to(EventNumber event, const std::atomic<bool>* interrupt);
  TargetStop run_to_begin(const std::atomic<bool>* interrupt);
  TargetStop pass_exec(Tid tid);
  /// The stop before the next event, at which `tid` has arrived.
  TargetStop arrived(Tid tid);
  TargetStop signal_stop(Tid tid, int signal);
  bool is_ours(Tid tid) const;
  void reinsert_breakpoints();

  TraceReader& trace_;
  Outline outline_;
  Pid pid_;
  EventNumber begin_;
  std::unique_ptr<Replayer> replayer_;
  std::map<Address, int> breakpoints_;  ///< how often inserted
  TargetStop stop_;
  /// The signal event that the last stop told about.
  std::optional<EventNumber> told_signal_;
  std::function<void(ByteView)> sink_;
};

}  // namespace ttrace::gdb
