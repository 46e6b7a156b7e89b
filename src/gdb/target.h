#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/registers.h"
#include "base/types.h"
#include "replay/position.h"
#include "replay/watch.h"

namespace ttrace {

class Diversion;
class TraceReader;

struct TargetThread {
  Tid tid;
  std::string name;
};

/// Why a target stands where it stands.
struct TargetStop {
  enum class Kind {
    arrived,     ///< at a place that was asked for
    breakpoint,  ///< about to execute the instruction at a breakpoint
    watchpoint,  ///< `watched` was accessed: just before, or (backwards) is about to be
    stepped,
    call,         ///< system call `call` is about to be made
    call_return,  ///< `call` has returned
    signal,       ///< `signal` is about to be delivered
    exec,         ///< the process has just executed `text`
    interrupted,
    history_begin,
    history_end,  ///< nothing more of this process was recorded; `text` says what happened to it
    diverged,     ///< the replay is lost; `text` says why. Nothing but the end of the session
  };
  Kind kind = Kind::arrived;
  Tid tid;
  int signal = 0;  ///< as Linux numbers it
  std::string text;
  WatchRange watched{};
  std::int64_t call = -1;  ///< as Linux numbers it
};

struct ResumeRequest {
  std::optional<Tid> step;  ///< stop after one instruction of this thread; none: go on
  bool backwards = false;   ///< only if can_go_back()
  /// Whether a signal (as Linux numbers it) stops; null: every one does.
  std::function<bool(int signal)> stops_at_signal;
  /// Whether the begin and the end of a system call stop, by its number; null: none does.
  std::function<bool(std::int64_t number)> stops_at_call;
  const std::atomic<bool>* interrupt = nullptr;
};

/// A mark of the recording, as `marks` lists it.
struct TargetMark {
  EventNumber event;
  Tid tid;
  std::string text;  ///< one line
};

/// The failure that the session is about.
struct TargetFailure {
  enum class Kind { mark, signal, other };
  Kind kind = Kind::other;
  EventNumber event;
  Pid process;  ///< in which it happened: not always that of the target
  Tid tid;
  std::string file;
  int line = 0;
  std::string message;
};

/// What the server debugs: one process at one position of a recording. Used from one thread.
/// Every method may throw Error; after a stop of Kind::diverged only destruction is allowed.
class DebugTarget {
 public:
  virtual ~DebugTarget() = default;

  virtual Pid process() const = 0;
  /// Threads that exist now, oldest first; never empty.
  virtual std::vector<TargetThread> threads() const = 0;
  virtual GeneralRegisters registers(Tid tid) const = 0;
  /// XSAVE image, or empty if unknown.
  virtual Bytes vector_state(Tid tid) const = 0;
  /// Reads up to the first byte that is not mapped; returns how much.
  virtual std::size_t read_memory(Address at, std::span<std::byte> into) const = 0;
  /// The same of any process of the recording, at the present position.
  virtual std::size_t read_memory_of(Pid pid, Address at, std::span<std::byte> into) const {
    return pid == process() ? read_memory(at, into) : 0;
  }
  /// The siginfo_t of the signal that stop() is about; empty if it is about none.
  virtual Bytes signal_info() const = 0;
  /// As the kernel put it on the stack; empty if unknown.
  virtual Bytes auxiliary_vector() const = 0;
  virtual std::string executable() const = 0;
  /// A file that the program had mapped, by a path that it knew it under; none if the recording
  /// has no such file. Nothing is read from the machine. "/proc/PID/maps" of its process is there,
  /// too.
  virtual std::optional<Fd> open_file(const std::string& path) const = 0;

  /// Whether a thread that comes to a breakpoint stops there; asked while the program runs.
  using Condition = std::function<bool(Tid tid)>;
  /// False if nothing is mapped there. One for each address: inserted again, it gets another
  /// condition (null: always).
  virtual bool insert_breakpoint(Address at, Condition condition = {}) = 0;
  virtual void remove_breakpoint(Address at) = 0;
  /// False if this cannot be watched.
  virtual bool insert_watchpoint(const WatchRange& range) = 0;
  virtual void remove_watchpoint(const WatchRange& range) = 0;

  /// Why it stands here.
  virtual const TargetStop& stop() const = 0;
  virtual const TargetStop& resume(const ResumeRequest& request) = 0;
  /// Goes to a position of the process's history, forwards or backwards. Any position that
  /// position() once gave can be gone to.
  virtual const TargetStop& seek(Position to, const std::atomic<bool>* interrupt) = 0;
  virtual bool can_go_back() const { return false; }

  /// May have to find it out by going there again; nothing that a debugger sees moves.
  virtual Position position() = 0;
  virtual Position history_begin() const = 0;
  virtual Position history_end() const = 0;
  virtual std::optional<TargetFailure> failure() const = 0;
  virtual std::string case_name() const = 0;
  virtual std::vector<TargetMark> marks() const = 0;
  /// The recording, for questions to the whole of it; null if there is none behind the target.
  virtual TraceReader* trace() { return nullptr; }

  /// See Replayer::process_digest.
  virtual std::uint64_t digest() const = 0;
  /// A copy to call functions and change memory in; nothing of the target changes by that.
  virtual std::unique_ptr<Diversion> divert() const = 0;

  /// Another target of the same process, which stands where this one stands and has no breakpoints:
  /// to look around in the history while this one stays. Null if there is no history.
  virtual std::unique_ptr<DebugTarget> excursion() const { return {}; }

  /// Called with what the program writes to its standard output and error while it runs.
  virtual void on_output(std::function<void(ByteView text)> sink) = 0;
};

}  // namespace ttrace
