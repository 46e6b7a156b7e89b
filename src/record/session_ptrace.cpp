#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "record/session.h"
#include "tracee/maps.h"

// ptrace(2) by a recorded thread on others of its own address space, as LeakSanitizer does it: a
// thread of another process attaches to all threads of the one that made it, reads their registers
// and lets them go. Every thread has the recorder as its tracer already, so nothing of this reaches
// the kernel: since only one thread executes user code at a time, an attached one is simply not
// chosen, and what is asked of it is answered from what the recorder sees.

namespace ttrace {
namespace {

/// Requests that are refused by name; others that are not answered, by number.
struct RequestName {
  std::uint64_t request;
  const char* name;
};
constexpr std::array kRequestNames{
    RequestName{0, "PTRACE_TRACEME"},          RequestName{3, "PTRACE_PEEKUSER"},
    RequestName{4, "PTRACE_POKETEXT"},         RequestName{5, "PTRACE_POKEDATA"},
    RequestName{6, "PTRACE_POKEUSER"},         RequestName{7, "PTRACE_CONT"},
    RequestName{9, "PTRACE_SINGLESTEP"},       RequestName{13, "PTRACE_SETREGS"},
    RequestName{15, "PTRACE_SETFPREGS"},       RequestName{16, "PTRACE_ATTACH"},
    RequestName{17, "PTRACE_DETACH"},          RequestName{24, "PTRACE_SYSCALL"},
    RequestName{31, "PTRACE_SYSEMU"},          RequestName{0x4200, "PTRACE_SETOPTIONS"},
    RequestName{0x4201, "PTRACE_GETEVENTMSG"}, RequestName{0x4202, "PTRACE_GETSIGINFO"},
    RequestName{0x4204, "PTRACE_GETREGSET"},   RequestName{0x4205, "PTRACE_SETREGSET"},
    RequestName{0x4206, "PTRACE_SEIZE"},       RequestName{0x4207, "PTRACE_INTERRUPT"},
};

NotRecordable refused(std::uint64_t request, const std::string& more = "") {
  for (const RequestName& row : kRequestNames) {
    if (row.request == request) return NotRecordable(std::string("ptrace ") + row.name + more);
  }
  return NotRecordable("ptrace request " + std::to_string(request) + more);
}

/// As wait(2) tells of a thread that a SIGSTOP has stopped.
constexpr int kStoppedStatus = SIGSTOP << 8 | 0x7f;

MemoryWrite write_of(std::uint64_t at, ByteView bytes) {
  return {Address(at), Bytes(bytes.begin(), bytes.end())};
}

/// So often the CPU is given up for a thread on its way out of the kernel.
constexpr int kMostLooks = 1000;

}  // namespace

void RecordSession::answer_ptrace(Thread& thread) {
  const auto& args = thread.call.args;
  const Tid tid{pid_t(args[1])};
  Thread* of = find(tid);
  if (args[0] == PTRACE_TRACEME) throw refused(args[0]);
  if (args[0] == PTRACE_ATTACH) {
    const std::int64_t result = answer_attach(thread, of, tid);
    if (result == 0) {
      of->attached_by = thread.tid;
      of->attach_told = false;
    }
    return answer(thread, result);
  }
  if (of == nullptr || of->attached_by != thread.tid) {
    if (args[0] == PTRACE_SEIZE) throw refused(args[0]);
    return answer(thread, -ESRCH);
  }
  std::vector<MemoryWrite> writes;
  const std::int64_t result = answer_attached(thread, *of, writes);
  for (const MemoryWrite& write : writes) {
    if (!write_as_program(thread.tid, write.at, write.data)) {
      throw refused(args[0], " into memory that cannot be written");
    }
  }
  answer(thread, result, std::move(writes));
}

std::int64_t RecordSession::answer_attach(const Thread& thread, Thread* of, Tid tid) const {
  if (of == nullptr) {
    const bool exists = tid.value() > 0 && (kill(tid.value(), 0) == 0 || errno == EPERM);
    if (!exists) return -ESRCH;
    throw refused(PTRACE_ATTACH, " to a process that is not recorded");
  }
  const bool gone = of->state == Thread::State::zombie || of->state == Thread::State::dying;
  if (gone || of->process == thread.process || of->attached_by != Tid()) return -EPERM;
  if (of->process->space != thread.process->space) {
    throw refused(PTRACE_ATTACH, " to another address space");
  }
  return 0;
}

/// A request of a thread that it is attached to. The memory that it writes is that of `thread`.
std::int64_t RecordSession::answer_attached(Thread& thread, Thread& of,
                                            std::vector<MemoryWrite>& writes) {
  const auto& args = thread.call.args;
  switch (args[0]) {
    case PTRACE_DETACH:
      if (args[3] != 0) throw refused(args[0], " with a signal");
      of.attached_by = Tid();
      return 0;
    case PTRACE_KILL:
      syscall(SYS_tgkill, of.process->pid.value(), of.tid.value(), SIGKILL);
      return 0;
    case PTRACE_PEEKTEXT:
    case PTRACE_PEEKDATA: {
      std::uint64_t word = 0;
      if (!of.memory().read_value(Address(args[2]), word)) return -EIO;
      writes.push_back(write_of(args[3], bytes_of(word)));
      return 0;
    }
    case PTRACE_GETREGS:
      writes.push_back(write_of(args[3], bytes_of(registers_shown(of))));
      return 0;
    case PTRACE_GETFPREGS:
      writes.push_back(write_of(args[3], register_set_shown(of, NT_FPREGSET)));
      return 0;
    case PTRACE_GETREGSET: {
      iovec io{};
      if (!thread.memory().read_value(Address(args[3]), io)) return -EFAULT;
      const bool known =
          args[2] == NT_PRSTATUS || args[2] == NT_FPREGSET || args[2] == NT_X86_XSTATE;
      if (!known) throw refused(args[0], " " + std::to_string(args[2]));
      if (io.iov_len % sizeof(std::uint64_t) != 0) return -EINVAL;
      Bytes set = register_set_shown(of, int(args[2]));
      set.resize(std::min<std::size_t>(set.size(), io.iov_len));
      const std::uint64_t length = set.size();
      writes.push_back(write_of(std::uint64_t(io.iov_base), set));
      writes.push_back(write_of(args[3] + offsetof(iovec, iov_len), bytes_of(length)));
      return 0;
    }
    default:
      throw refused(args[0]);
  }
}

/// What the thread has in its registers where it stands, in the original program.
GeneralRegisters RecordSession::registers_shown(const Thread& thread) const {
  return outside_stubs(thread.process->space->plans, thread.regs);
}

Bytes RecordSession::register_set_shown(Thread& thread, int kind) {
  if (kind == NT_PRSTATUS) {
    const GeneralRegisters regs = registers_shown(thread);
    const ByteView bytes = bytes_of(regs);
    return {bytes.begin(), bytes.end()};
  }
  if (!disturb(thread)) throw refused(PTRACE_GETREGSET, " of a thread that cannot be interrupted");
  return thread.task().register_set(kind);
}

/// Brings a thread that sleeps in the kernel to a stop, as the SIGSTOP of an attach would: its call
/// is interrupted, and begins anew when it goes on. False if it cannot be interrupted.
bool RecordSession::disturb(Thread& thread) {
  if (thread.state == Thread::State::listening) return false;
  if (thread.state != Thread::State::blocked || thread.pending_status) return true;
  thread.disturbed = true;
  if (ptrace(PTRACE_INTERRUPT, thread.tid.value(), nullptr, nullptr) != 0) return false;
  for (int i = 0; i < kMostLooks; ++i) {
    int status = 0;
    const pid_t got = waitpid(thread.tid.value(), &status, __WALL | WNOHANG);
    if (got == thread.tid.value()) {
      const Tid tid = thread.tid;
      note_stop(tid, status);
      return find(tid) == &thread && thread.pending_status.has_value();
    }
    sched_yield();
  }
  return false;
}

/// Waiting for a thread that the caller is attached to: it stands already. False if the kernel
/// knows the answer.
bool RecordSession::answer_wait_for_attached(Thread& thread) {
  const auto& args = thread.call.args;
  const bool by_id = thread.call.number == SYS_waitid;
  const bool any = by_id ? args[0] == P_ALL : int(args[0]) == -1;
  const bool one = by_id ? args[0] == P_PID : int(args[0]) > 0;
  const Tid asked{pid_t(by_id ? args[1] : args[0])};
  Thread* told = nullptr;
  for (const auto& [tid, other] : threads_) {
    if (other->attached_by != thread.tid || !(any || (one && tid == asked))) continue;
    if (!other->attach_told) {
      other->attach_told = true;
      told = other.get();
      break;
    }
    if (one && (args[2] & WNOHANG)) {
      answer(thread, 0);
      return true;
    }
    if (one) throw NotRecordable("a wait for another stop of a thread attached with ptrace");
  }
  if (told == nullptr) return false;
  if (by_id || args[3] != 0) throw NotRecordable("this form of wait for an attached thread");
  std::vector<MemoryWrite> writes;
  if (args[1] != 0) {
    writes.push_back(write_of(args[1], bytes_of(kStoppedStatus)));
    if (!write_as_program(thread.tid, writes[0].at, writes[0].data)) {
      throw NotRecordable("a wait into memory that cannot be written");
    }
  }
  answer(thread, told->tid.value(), std::move(writes));
  return true;
}

/// A thread that has ended is attached to none.
void RecordSession::detach_all(Tid tracer) {
  for (const auto& [tid, thread] : threads_) {
    if (thread->attached_by == tracer) thread->attached_by = Tid();
  }
}

}  // namespace ttrace
