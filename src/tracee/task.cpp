#include "tracee/task.h"

#include <elf.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/error.h"

namespace ttrace {

long Task::request(int what, void* address, void* data) const {
  errno = 0;
  const long result = ptrace(static_cast<__ptrace_request>(what), tid_.value(), address, data);
  if (result == -1 && errno == ESRCH) throw TaskGone(tid_);
  if (result == -1 && errno != 0) throw_errno("ptrace request " + std::to_string(what));
  return result;
}

GeneralRegisters Task::registers() const {
  GeneralRegisters regs;
  request(PTRACE_GETREGS, nullptr, &regs);
  return regs;
}

void Task::set_registers(const GeneralRegisters& regs) const {
  request(PTRACE_SETREGS, nullptr, const_cast<GeneralRegisters*>(&regs));
}

Bytes Task::register_set(int kind) const {
  Bytes image(16384);  // AMX needs about 11 KiB; the kernel says how much it filled
  iovec io{image.data(), image.size()};
  request(PTRACE_GETREGSET, reinterpret_cast<void*>(std::intptr_t(kind)), &io);
  image.resize(io.iov_len);
  return image;
}

Bytes Task::vector_state() const { return register_set(NT_X86_XSTATE); }

void Task::set_vector_state(ByteView image) const {
  iovec io{const_cast<std::byte*>(image.data()), image.size()};
  request(PTRACE_SETREGSET, reinterpret_cast<void*>(NT_X86_XSTATE), &io);
}

siginfo_t Task::signal_info() const {
  siginfo_t info{};
  request(PTRACE_GETSIGINFO, nullptr, &info);
  return info;
}

void Task::set_signal_info(const siginfo_t& info) const {
  request(PTRACE_SETSIGINFO, nullptr, const_cast<siginfo_t*>(&info));
}

std::uint64_t Task::signal_mask() const {
  std::uint64_t mask = 0;
  request(PTRACE_GETSIGMASK, reinterpret_cast<void*>(sizeof mask), &mask);
  return mask;
}

void Task::set_signal_mask(std::uint64_t mask) const {
  request(PTRACE_SETSIGMASK, reinterpret_cast<void*>(sizeof mask), &mask);
}

bool Task::at_syscall_exit() const {
  __ptrace_syscall_info info{};
  request(PTRACE_GET_SYSCALL_INFO, reinterpret_cast<void*>(sizeof info), &info);
  return info.op == PTRACE_SYSCALL_INFO_EXIT;
}

std::uint64_t Task::event_message() const {
  unsigned long message = 0;
  request(PTRACE_GETEVENTMSG, nullptr, &message);
  return message;
}

void Task::resume(Resume how, int signal) const {
  request(static_cast<int>(how), nullptr, reinterpret_cast<void*>(std::intptr_t(signal)));
}

StopStatus understand(int status) {
  using Kind = StopStatus::Kind;
  if (WIFEXITED(status)) return {Kind::exited, WEXITSTATUS(status), 0};
  if (WIFSIGNALED(status)) return {Kind::killed, WTERMSIG(status), 0};
  const int event = status >> 16;
  const int signal = WSTOPSIG(status);
  if (event != 0) return {Kind::event, event, signal};
  if (signal == (SIGTRAP | 0x80)) return {Kind::syscall, 0, 0};  // PTRACE_O_TRACESYSGOOD
  return {Kind::signal, signal, signal};
}

bool is_fault(const siginfo_t& info) {
  switch (info.si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
      return info.si_code > 0;
    default:
      return false;
  }
}

}  // namespace ttrace
