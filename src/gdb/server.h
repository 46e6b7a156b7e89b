#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gdb/actions.h"
#include "gdb/connection.h"
#include "gdb/excursion.h"
#include "gdb/files.h"
#include "gdb/register_layout.h"
#include "gdb/stop_reply.h"
#include "gdb/target.h"
#include "gdb/thread_local.h"
#include "replay/diversion.h"

namespace ttrace::gdb {

/// A place that the debugger asked to stop at: as a software breakpoint (Z0), a hardware one (Z1),
/// or both. Each has its conditions in agent bytecode, of which one must be true; none: always.
struct ServerBreakpoint {
  std::optional<std::vector<Bytes>> software;
  std::optional<std::vector<Bytes>> hardware;
};

/// Speaks gdb's remote protocol for one target on one line, from the first packet to the end of the
/// session. All stops of the target are reported by all of its threads (all-stop).
///
/// No packet makes it fail: an unknown one is answered with nothing, a malformed one with an error.
/// An Error of the target is told to the user; one that it does not survive ends the session.
class Server {
 public:
  Server(DebugTarget& target, Connection& line);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Until the debugger detaches, kills, or is gone, or the target is lost.
  void run();

  /// Handles one packet and returns its answer; what run() does with each.
  std::string answer(std::string_view packet);

 private:
  friend struct PacketTable;

  // Rows of the packet table; `arguments` is what follows the packet's name.
  std::string supported(std::string_view arguments);
  std::string start_no_ack(std::string_view arguments);
  std::string stop_reason(std::string_view arguments);
  std::string select_thread(std::string_view arguments);
  std::string thread_alive(std::string_view arguments);
  std::string current_thread(std::string_view arguments);
  std::string first_threads(std::string_view arguments);
  std::string more_threads(std::string_view arguments);
  std::string thread_info(std::string_view arguments);
  std::string attached(std::string_view arguments);
  std::string all_registers(std::string_view arguments);
  std::string one_register(std::string_view arguments);
  std::string read_memory(std::string_view arguments);
  std::string write_all_registers(std::string_view arguments);
  std::string write_register(std::string_view arguments);
  std::string write_memory(std::string_view arguments);
  std::string write_binary_memory(std::string_view arguments);
  std::string insert_breakpoint(std::string_view arguments);
  std::string remove_breakpoint(std::string_view arguments);
  std::string transfer(std::string_view arguments);
  std::string pass_signals(std::string_view arguments);
  std::string catch_calls(std::string_view arguments);
  std::string accept(std::string_view arguments);
  std::string symbol(std::string_view arguments);
  std::string thread_local_address(std::string_view arguments);
  std::string monitor(std::string_view arguments);
  std::string file(std::string_view arguments);
  std::string resume_kinds(std::string_view arguments);
  std::string resume_actions(std::string_view arguments);
  std::string resume_all(std::string_view arguments);
  std::string resume_all_with_signal(std::string_view arguments);
  std::string step_one(std::string_view arguments);
  std::string step_one_with_signal(std::string_view arguments);
  std::string back_all(std::string_view arguments);
  std::string back_one(std::string_view arguments);
  std::string detach(std::string_view arguments);
  std::string kill(std::string_view arguments);
  std::string kill_process(std::string_view arguments);

  std::string excursion(std::string_view line);
  /// What registers and memory are shown of.
  const DebugTarget& shown() const { return excursion_ ? excursion_->target() : target_; }
  Diversion& diversion();
  void end_diversion();
  std::optional<Tid> diverted_thread(const ResumePlan& plan) const;
  std::string resume_diversion(Tid tid, const ResumePlan& plan);
  std::size_t memory_at(Address at, std::span<std::byte> into) const;
  DebugTarget::Condition condition_of(const ServerBreakpoint& breakpoint) const;
  bool is_hardware(Address at) const;
  std::string resume(const ResumePlan& plan, bool backwards = false);
  TargetStop advance(const ResumePlan& plan, bool backwards);
  std::string report(const TargetStop& stop);
  /// Shows text on the debugger's console; allowed while it waits for a stop or an answer.
  void print(std::string_view text);
  /// A line of ours among the program's output.
  void say(std::string_view text);
  Tid general_thread() const;
  RegisterValues values_of(Tid tid) const;
  bool has_thread(Tid tid) const;

  DebugTarget& target_;
  Connection& line_;
  FileServer files_;
  RegisterLayout layout_;
  ThreadLocals thread_locals_;
  ClientFeatures client_;
  std::optional<Tid> general_thread_;  ///< H; none: the thread of the last stop
  std::map<Address, ServerBreakpoint> breakpoints_;
  std::unique_ptr<Diversion> diversion_;  ///< what the debugger changed; null: nothing
  std::unique_ptr<Excursion> excursion_;  ///< null: the session is shown where it stands
  std::set<int> passed_signals_;          ///< gdb's numbers: not reported
  /// System calls that stop, by number; without a value: none, empty: all.
  std::optional<std::set<std::int64_t>> caught_calls_;
  std::optional<Position> pending_seek_;    ///< where the next resume goes instead
  std::optional<TargetStop> held_arrival_;  ///< told at the next resume, which goes nowhere
  std::string transfer_name_;               ///< the object that is being transferred in pieces
  std::string transfer_data_;
  std::atomic<bool> interrupt_ = false;
  bool no_ack_ = false;       ///< takes effect when the answer is out
  bool silent_ = false;       ///< the last packet gets no answer
  bool show_output_ = false;  ///< while the program runs for the debugger
  bool ended_ = false;
};

}  // namespace ttrace::gdb
