#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/registers.h"
#include "replay/replayer.h"

namespace ttrace {

struct ReplaySpace;

/// A copy of one replayed process that may be changed and run freely, and is thrown away: for what
/// a debugger calls and writes. Nothing that happens in it reaches the replay, other processes or
/// files; its threads begin where they stand in the replay, and only the one that is asked for runs
/// (decision 0020).
///
/// System calls: what is written to standard output and error goes to the sink; memory is mapped,
/// clocks are read; the rest is answered with ENOSYS.
class Diversion {
 public:
  /// Of a process that stands as `replay` has it. Made by Replayer::divert().
  Diversion(Pid pid, std::shared_ptr<ReplaySpace> copy, const Replayer& replay, TraceReader& trace);
  ~Diversion();
  Diversion(const Diversion&) = delete;
  Diversion& operator=(const Diversion&) = delete;

  struct Registers {
    GeneralRegisters general{};
    Bytes vector_state;
  };
  /// Of the process's threads, as a debugger is shown them.
  const Registers& registers(Tid tid) const;
  void set_registers(Tid tid, Registers registers);
  /// The thread stands elsewhere than in the replay: it is to run, or runs, something of its own.
  bool is_away(Tid tid) const;

  std::size_t read_memory(Address at, std::span<std::byte> into) const;
  /// False if it is not mapped whole.
  bool write_memory(Address at, ByteView bytes);
  bool insert_breakpoint(Address at);
  void remove_breakpoint(Address at);

  struct Stop {
    enum class Kind {
      breakpoint,
      stepped,
      signal,  ///< `signal` was raised
      stuck,   ///< it cannot go on; `text` says why
      interrupted,
    };
    Kind kind = Kind::stepped;
    int signal = 0;
    std::string text;
  };
  struct Limits {
    bool step = false;
    const std::atomic<bool>* interrupt = nullptr;
    std::function<void(int stream, ByteView text)> output;
  };
  Stop run(Tid tid, const Limits& limits);

 private:
  std::optional<Stop> system_call(Tid tid, GeneralRegisters& regs, const Limits& limits);
  std::optional<Stop> trapped(GeneralRegisters& regs);
  std::int64_t move_break(std::uint64_t to);

  Pid pid_;
  std::shared_ptr<ReplaySpace> space_;
  TraceReader& trace_;
  mutable std::map<std::uint32_t, Fd> objects_;  ///< opened so far
  std::map<Tid, Registers> registers_;
  std::map<Tid, GeneralRegisters> in_replay_;
};

}  // namespace ttrace
