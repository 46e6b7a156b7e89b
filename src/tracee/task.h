#pragma once

#include <signal.h>
#include <sys/ptrace.h>

#include <cstdint>
#include <exception>

#include "base/bytes.h"
#include "base/registers.h"
#include "base/types.h"

namespace ttrace {

/// The thread has ended (ESRCH): a SIGKILL may take a tracee at any moment, also between a stop and
/// the next request. An event, not an error: whoever drives the thread waits for its death.
class TaskGone : public std::exception {
 public:
  explicit TaskGone(Tid tid) : tid_(tid) {}
  Tid tid() const { return tid_; }
  const char* what() const noexcept override { return "the traced thread has ended"; }

 private:
  Tid tid_;
};

/// How a stopped thread goes on.
enum class Resume : int {
  run = PTRACE_CONT,                        ///< to the next stop that is not asked for
  to_syscall = PTRACE_SYSCALL,              ///< also stops at the exit of a system call
  step = PTRACE_SINGLESTEP,                 ///< one instruction, or to a handler's first
  emulate = PTRACE_SYSEMU,                  ///< stops at a system call, which is not executed
  emulate_step = PTRACE_SYSEMU_SINGLESTEP,  ///< one instruction; a system call is not executed
  listen = PTRACE_LISTEN,                   ///< stays in its group-stop
};

/// A traced thread in a ptrace-stop, by its real tid. A value: copies name the same thread. Every
/// method throws TaskGone if the thread has ended, SystemError for anything else.
class Task {
 public:
  Task() = default;
  explicit Task(Tid tid) : tid_(tid) {}
  Tid tid() const { return tid_; }

  GeneralRegisters registers() const;
  void set_registers(const GeneralRegisters& regs) const;

  /// A register set (PTRACE_GETREGSET; NT_*), as long as the kernel makes it.
  Bytes register_set(int kind) const;
  /// The XSAVE image (NT_X86_XSTATE), as long as this CPU's enabled features make it.
  Bytes vector_state() const;
  void set_vector_state(ByteView image) const;

  siginfo_t signal_info() const;
  void set_signal_info(const siginfo_t& info) const;
  std::uint64_t signal_mask() const;
  void set_signal_mask(std::uint64_t mask) const;

  /// The thread stands at the exit of a system call, not at its entry (PTRACE_GET_SYSCALL_INFO).
  bool at_syscall_exit() const;

  /// PTRACE_GETEVENTMSG: of the event that the thread is stopped at.
  std::uint64_t event_message() const;

  void resume(Resume how, int signal = 0) const;

 private:
  long request(int what, void* address, void* data) const;
  Tid tid_;
};

/// What a status of waitpid(2) says about a traced thread (ptrace(2)).
struct StopStatus {
  enum class Kind {
    exited,   ///< value: exit status
    killed,   ///< value: signal
    syscall,  ///< entry or exit of a system call
    event,    ///< value: PTRACE_EVENT_*; signal: of a PTRACE_EVENT_STOP
    signal,   ///< value: signal about to be delivered
  };
  Kind kind = Kind::exited;
  int value = 0;
  int signal = 0;
};
StopStatus understand(int wait_status);

/// A signal that the instruction itself caused, so that it happens again in a replay; not one that
/// was sent (sigaction(2): SI_USER is 0, SI_TKILL and SI_QUEUE are negative).
bool is_fault(const siginfo_t& info);

}  // namespace ttrace
