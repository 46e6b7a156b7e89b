#include <linux/audit.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "record/session.h"
#include "tracee/gate.h"

// Seccomp filters of the program's own (record/program_filter.h): installed, and obeyed.

namespace ttrace {
namespace {

/// The kernel's struct sock_fprog, as a 64-bit program passes it.
struct FilterProgram {
  std::uint16_t length = 0;
  std::array<std::uint16_t, 3> padding{};
  std::uint64_t steps = 0;
};
static_assert(sizeof(FilterProgram) == 16);

constexpr std::size_t kMostSteps = BPF_MAXINSNS;

/// SYS_SECCOMP of asm-generic/siginfo.h, which the C library's header lacks: a si_code.
constexpr int kSysSeccomp = 1;

bool installs_filter(const SyscallView& call) {
  if (call.number == SYS_seccomp) return std::uint32_t(call.args[0]) == SECCOMP_SET_MODE_FILTER;
  return call.number == SYS_prctl && std::uint32_t(call.args[0]) == PR_SET_SECCOMP &&
         call.args[1] == SECCOMP_MODE_FILTER;
}

bool is_for_all_threads(const SyscallView& call) {
  return call.number == SYS_seccomp && (call.args[1] & SECCOMP_FILTER_FLAG_TSYNC);
}

/// Without a recorder the C library asks the vDSO, where no filter sees it; we hide the vDSO, so
/// that it makes a system call. One that the program makes through syscall(2) has its number from
/// a variable.
bool stands_in_for_vdso(const RecordedThread& thread, const Recording& recording) {
  constexpr std::array kAnswered{SYS_clock_gettime, SYS_gettimeofday, SYS_time, SYS_clock_getres,
                                 SYS_getcpu};
  const std::int64_t number = thread.call.number;
  if (std::find(kAnswered.begin(), kAnswered.end(), number) == kAnswered.end()) return false;
  struct [[gnu::packed]] {
    std::uint8_t move_to_eax = 0;
    std::uint32_t number = 0;
    std::uint16_t syscall = 0;
  } code;
  constexpr std::uint8_t kMoveToEax = 0xb8;
  constexpr std::uint16_t kSyscall = 0x050f;
  const Address at = Address(thread.regs.rip) - sizeof code;
  if (!thread.memory().read_value(at, code)) return false;
  // A jump of ours may lie there.
  for (const ActivePlan& plan : thread.process->space->plans) {
    plan.restore_original(at, std::as_writable_bytes(std::span(&code, 1)),
                          [&](std::uint64_t offset, std::span<std::byte> into) {
                            const Fd& file = recording.objects().at(plan.original()).file;
                            if (pread(file.value(), into.data(), into.size(), off_t(offset)) < 0)
                              code = {};
                          });
  }
  return code.move_to_eax == kMoveToEax && code.number == number && code.syscall == kSyscall;
}

}  // namespace

/// Before a call that installs a filter: the kernel shall get one that allows everything. The
/// program's memory is as it was again before anything runs that could see it.
void RecordSession::soften_filter(Thread& thread) {
  thread.softened = {};
  if (!installs_filter(thread.call)) return;
  FilterProgram given;
  const Memory& memory = thread.memory();
  if (!memory.read_value(Address(thread.call.args[2]), given)) return;  // EFAULT
  if (given.length == 0 || given.length > kMostSteps) return;           // EINVAL
  std::vector<sock_filter> steps(given.length);
  const Address at(given.steps);
  const auto bytes = std::as_writable_bytes(std::span(steps));
  if (memory.read(at, bytes) != bytes.size()) return;  // EFAULT
  const std::vector<sock_filter> harmless = ProgramFilter::harmless_copy(steps);
  if (!memory.write(at, std::as_bytes(std::span(harmless)))) {
    throw NotRecordable(syscall_name(thread.call.number) + " of a filter in memory that is shared");
  }
  thread.softened = {at, std::move(steps)};
}

/// After it: from now on we ask the original.
void RecordSession::adopt_filter(Thread& thread) {
  SoftenedFilter softened = std::exchange(thread.softened, {});
  if (softened.steps.empty()) return;
  thread.memory().write(softened.at, std::as_bytes(std::span(softened.steps)));
  if (thread.regs.rax != 0) return;
  thread.filter =
      std::make_shared<const ProgramFilter>(std::move(softened.steps), std::move(thread.filter));
  if (!is_for_all_threads(thread.call)) return;
  for (const auto& [tid, other] : threads_) {
    if (other->process == thread.process) other->filter = thread.filter;
  }
}

/// At the entry of a call: true if the program's filters do not let it pass, and it was dealt with.
bool RecordSession::obey_filter(Thread& thread) {
  if (!thread.filter) return false;
  seccomp_data data{};
  data.nr = int(thread.call.number);
  data.arch = AUDIT_ARCH_X86_64;
  data.instruction_pointer = thread.regs.rip;
  std::copy(thread.call.args.begin(), thread.call.args.end(), data.args);
  const ProgramVerdict verdict = thread.filter->ask(data);
  if (verdict.allows() || stands_in_for_vdso(thread, result_.recording)) return false;

  constexpr std::int64_t kMostErrno = 4095;
  switch (verdict.action) {
    case SECCOMP_RET_ERRNO:
      answer(thread, -std::min<std::int64_t>(verdict.data, kMostErrno));
      break;
    case SECCOMP_RET_TRACE:       // of a tracer of the program's own, which it cannot have
    case SECCOMP_RET_USER_NOTIF:  // of a listener, which is refused
      answer(thread, -ENOSYS);
      break;
    case SECCOMP_RET_TRAP:
      raise_sigsys(thread, verdict.data, false);
      break;
    case SECCOMP_RET_KILL_THREAD:
      end_thread_by_filter(thread, verdict.data);
      break;
    default:  // also what no kernel knows
      raise_sigsys(thread, verdict.data, true);
      break;
  }
  return true;
}

/// SECCOMP_RET_KILL_THREAD: of several threads only this one ends.
void RecordSession::end_thread_by_filter(Thread& thread, std::uint16_t data) {
  const auto lives = [&](const auto& entry) {
    const Thread& other = *entry.second;
    return other.process == thread.process && other.state != Thread::State::zombie;
  };
  if (std::count_if(threads_.begin(), threads_.end(), lives) <= 1) {
    return raise_sigsys(thread, data, true);
  }
  if (thread.tid.value() == thread.process->pid.value()) {
    throw NotRecordable("a seccomp filter that ends the first thread alone");
  }
  // Nobody learns how a thread ended that is not the first.
  write_enter(thread);
  thread.call = {SYS_exit, {SIGSYS}, 0};
  thread.row = syscall_row(SYS_exit);
  thread.regs.orig_rax = SYS_exit;
  thread.regs.rdi = SIGSYS;
  thread.task().set_registers(thread.regs);
}

/// The call is not made; instead the thread gets SIGSYS, with the registers that it had before
/// (SECCOMP_RET_TRAP), or the process dies of it whatever the program wants (`fatal`).
void RecordSession::raise_sigsys(Thread& thread, std::uint16_t data, bool fatal) {
  SyscallExit exit;
  exit.result = thread.call.number;
  skip_call(thread, exit.result);
  finish_call(thread, std::move(exit));

  constexpr std::uint64_t kBit = 1ull << (SIGSYS - 1);
  SignalTable& actions = *thread.process->actions;
  std::uint64_t mask = thread.task().signal_mask();
  const bool ignored = actions.effect_of(SIGSYS) == SignalTable::Effect::ignored;
  if (fatal || ignored || (mask & kBit)) {
    // As the kernel forces a signal that is blocked or ignored.
    const KernelSigaction none;
    thread.memory().write(kGateData, bytes_of(none));
    const std::int64_t result =
        inject(thread.task(), InjectBy::syscall_stops, SYS_rt_sigaction,
               {std::uint64_t(SIGSYS), kGateData.value(), 0, sizeof(std::uint64_t), 0, 0});
    if (result != 0) throw SystemError("reset the action of SIGSYS", int(-result));
    actions.set_action(SIGSYS, none);
    mask &= ~kBit;
  }
  thread.task().set_signal_mask(~kBit);
  syscall(SYS_tgkill, thread.process->pid.value(), thread.tid.value(), SIGSYS);
  std::vector<int> others;  // that cannot be blocked: again afterwards
  for (;;) {
    thread.task().resume(Resume::run);
    const int status = wait_for_stop(thread.tid);
    const StopStatus stop = understand(status);
    if (stop.kind == StopStatus::Kind::signal && stop.value == SIGSYS) break;
    if (stop.kind == StopStatus::Kind::signal) {
      others.push_back(stop.value);
    } else if (stop.kind != StopStatus::Kind::event || stop.value != PTRACE_EVENT_STOP) {
      return handle(thread, status);
    }
  }
  thread.task().set_signal_mask(mask);
  thread.signal_mask = mask;
  for (const int signal : others) {
    syscall(SYS_tgkill, thread.process->pid.value(), thread.tid.value(), signal);
  }
  siginfo_t info{};
  info.si_signo = SIGSYS;
  info.si_errno = data;
  info.si_code = kSysSeccomp;
  info.si_call_addr = reinterpret_cast<void*>(thread.regs.rip);
  info.si_syscall = int(thread.call.number);
  info.si_arch = AUDIT_ARCH_X86_64;
  thread.task().set_signal_info(info);
  deliver(thread, info, false);
}

}  // namespace ttrace
