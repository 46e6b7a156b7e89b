#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "record/instructions.h"
#include "record/session.h"
#include "trace/apply.h"
#include "tracee/gate.h"
#include "tracee/maps.h"

namespace ttrace {
namespace {

bool same_place(const GeneralRegisters& a, const GeneralRegisters& b) {
  return digest_of(a) == digest_of(b) && a.rip == b.rip && a.rsp == b.rsp && a.rax == b.rax &&
         a.rcx == b.rcx;
}

Bytes bytes_of_info(const siginfo_t& info) {
  const ByteView view = bytes_of(info);
  return {view.begin(), view.end()};
}

constexpr std::uint64_t bit(int signal) { return 1ull << (signal - 1); }

/// From the top of the stack upwards, struct rt_sigframe of arch/x86/include/asm/sigframe.h: a
/// return address, a ucontext whose sigcontext points to the XSAVE image above, which tells its own
/// size (struct _fpx_sw_bytes at its offset 464).
MemoryWrite read_signal_frame(const Memory& memory, std::uint64_t rsp) {
  constexpr std::uint64_t kFpstatePointer = 8 + 40 + 144 + 8 + 32;
  constexpr std::uint64_t kLeastFrame = 8 + 304 + 128;
  constexpr std::uint64_t kSoftwareBytes = 464;
  constexpr std::uint64_t kMostExtended = 16384;
  std::uint64_t fpstate = 0;
  std::uint64_t end = rsp + kLeastFrame;
  struct {
    std::uint32_t magic;
    std::uint32_t extended_size;
  } software{};
  if (memory.read_value(Address(rsp + kFpstatePointer), fpstate) && fpstate > rsp &&
      memory.read_value(Address(fpstate + kSoftwareBytes), software)) {
    const std::uint64_t size =
        std::clamp<std::uint64_t>(software.extended_size, 512, kMostExtended);
    end = std::max(end, fpstate + size);
  }
  return {Address(rsp), memory.read(Address(rsp), end - rsp)};
}

}  // namespace

void RecordSession::on_signal(Thread& thread, int signal) {
  siginfo_t info = thread.task().signal_info();
  const GeneralRegisters regs = thread.task().registers();
  const bool at_boundary = thread.place == Thread::Place::boundary && same_place(regs, thread.regs);
  thread.regs = regs;
  thread.place = at_boundary ? Thread::Place::boundary : Thread::Place::user;

  const bool int3 = signal == SIGTRAP && info.si_code == SI_KERNEL;
  if (int3 && on_due(thread)) return;
  if (emulate_instruction(thread, info)) return;
  if (signal == SIGTRAP && (info.si_code == TRAP_TRACE || info.si_code == TRAP_BRKPT)) {
    throw NotRecordable("a program that sets its own trap flag or executes int1");
  }
  if (is_fault(info)) return deliver(thread, info, true);

  // A program may have a session, and so a terminal, of its own.
  const bool from_terminal = info.si_code == SI_KERNEL && !options_.capture_output &&
                             (signal == SIGINT || signal == SIGQUIT || signal == SIGTSTP) &&
                             getsid(thread.process->pid.value()) == getsid(0);
  if (from_terminal) return;  // the supervisor got it too, and decides

  const auto held = std::find_if(thread.held_signals.begin(), thread.held_signals.end(),
                                 [&](const HeldSignal& h) {
                                   return info.si_code == SI_QUEUE && info.si_pid == getpid() &&
                                          h.queued && info.si_value.sival_int == h.cookie;
                                 });
  if (held != thread.held_signals.end()) {
    info = held->info;
    thread.task().set_signal_info(info);
    if (!at_boundary) {
      held->queued = false;
      return;
    }
    thread.held_signals.erase(held);
  }
  switch (thread.process->actions->effect_of(signal)) {
    case SignalTable::Effect::ignored:
    case SignalTable::Effect::stop:
      thread.deliver = signal;  // nothing that user code sees
      return;
    case SignalTable::Effect::fatal:
      // The process ends, so nobody sees how far this thread came after its last event, but in
      // memory that it shares, which deliver() saves.
      deliver(thread, info, false);
      return;
    case SignalTable::Effect::handler:
      break;
  }
  if (at_boundary && !delay(thread, info)) return deliver(thread, info, false);
  if (!at_boundary) hold(thread, info);
}

/// A thread was taken off in the middle of user code, and a signal has come meanwhile: true if it
/// waits a little longer, as if it had been sent later. (At the end of a call it must not: that may
/// be what sent it.)
bool RecordSession::delay(Thread& thread, const siginfo_t& info) {
  RecordedSpace& space = *thread.process->space;
  if (!thread.preempted || space.plans.empty() || !thread.held_signals.empty()) return false;
  const std::uint64_t ticks = disturbances_.signal_delay();
  if (ticks == 1) return false;
  thread.held_signals.push_back({info, next_cookie_++, false});
  start_quantum(thread);
  if (space.counter > ticks) set_counter(space, ticks);
  return true;
}

/// Keeps a signal that arrived somewhere in user code until the thread comes to a counted place or
/// a system call.
void RecordSession::hold(Thread& thread, const siginfo_t& info) {
  const int signal = info.si_signo;
  // One that was sent again but not delivered is superseded: the program may have discarded it
  // (SIG_IGN) or the kernel merged it.
  if (signal < SIGRTMIN) {
    std::erase_if(thread.held_signals,
                  [&](const HeldSignal& h) { return h.queued && h.info.si_signo == signal; });
  }
  const bool already = signal < SIGRTMIN &&
                       std::any_of(thread.held_signals.begin(), thread.held_signals.end(),
                                   [&](const HeldSignal& h) { return h.info.si_signo == signal; });
  if (!already) thread.held_signals.push_back({info, next_cookie_++, false});
  // Also for one that is held already: it may have come while the thread was being stopped for
  // that.
  stop_within(thread, disturbances_.signal_delay());
}

/// Makes held signals pending while the thread stands at the entry of a system call: the call then
/// is interrupted or restarted as the kernel does it, and the signal is delivered at its exit.
/// Delivered before the call, it would break `while (!flag) pause();`.
void RecordSession::requeue_held(Thread& thread) {
  for (HeldSignal& held : thread.held_signals) {
    if (held.queued) continue;
    siginfo_t info{};
    info.si_signo = held.info.si_signo;
    info.si_code = SI_QUEUE;  // the only kind that another process may send with a value
    info.si_pid = getpid();
    info.si_value.sival_int = held.cookie;
    if (syscall(SYS_rt_tgsigqueueinfo, thread.process->pid.value(), thread.tid.value(),
                info.si_signo, &info) != 0) {
      if (errno == EAGAIN) return;  // RLIMIT_SIGPENDING: stays held until the next call
      if (errno == ESRCH) throw TaskGone(thread.tid);
      throw_errno("rt_tgsigqueueinfo");
    }
    held.queued = true;
  }
}

/// Puts the thread, which stands in a system call, before its syscall instruction again.
void RecordSession::step_back(Thread& thread) {
  thread.regs.rax = std::uint64_t(thread.call.number);
  thread.regs.orig_rax = ~0ull;
  thread.regs.rip -= 2;
  for (unsigned i = 0; i < 6; ++i) syscall_argument(thread.regs, i) = thread.call.args[i];
  thread.task().set_registers(thread.regs);
  thread.place = Thread::Place::boundary;
}

/// At the entry of a call that does not come back: true if signals are held, whose handlers now run
/// first; the call is made again after them.
bool RecordSession::step_back_for_held(Thread& thread) {
  const bool due =
      std::any_of(thread.held_signals.begin(), thread.held_signals.end(), [&](const HeldSignal& h) {
        return !h.queued && !(thread.signal_mask & bit(h.info.si_signo)) &&
               thread.process->actions->effect_of(h.info.si_signo) == SignalTable::Effect::handler;
      });
  if (!due) return false;
  requeue_held(thread);
  const bool queued = std::any_of(thread.held_signals.begin(), thread.held_signals.end(),
                                  [](const HeldSignal& h) { return h.queued; });
  if (!queued) return false;  // no room in the kernel's queue: it is lost with the program
  step_back(thread);
  return true;
}

/// A traced thread is interrupted by ignored signals too (sig_ignored() of kernel/signal.c), and
/// some calls then fail with EINTR, as they never would untraced: true if that happened; the call
/// is made again, with its whole timeout, and nothing is recorded. The same if we interrupted it.
bool RecordSession::begin_anew_after_ignored(Thread& thread) {
  const bool can_be_interrupted = thread.row->blocking == Blocking::may;
  if (!can_be_interrupted || std::int64_t(thread.regs.rax) != -EINTR) return false;
  const PendingSignals now = read_pending_signals(thread.tid);
  std::uint64_t due = now.pending & ~now.blocked;
  if (due == 0 && !thread.disturbed) return false;
  for (int signal = 1; signal <= 64; ++signal) {
    const bool is_overflow = thread.counted.counter && signal == TickCounter::kSignal;
    const bool is_due = (due >> (signal - 1) & 1) && !is_overflow;
    if (is_due && thread.process->actions->effect_of(signal) != SignalTable::Effect::ignored) {
      return false;
    }
  }
  thread.begins_anew = true;
  thread.disturbed = false;
  step_back(thread);
  return true;
}

/// If the stop is that of an instruction which we made fault, executes it for the thread.
bool RecordSession::emulate_instruction(Thread& thread, const siginfo_t& info) {
  if (info.si_code != SI_KERNEL) return false;
  RecordedSpace& space = *thread.process->space;
  GeneralRegisters regs = thread.regs;
  InstructionEvent event;
  constexpr auto kCpuid = InstructionEvent::Kind::cpuid;
  if (info.si_signo == SIGTRAP) {
    const Address at(regs.rip - 1);
    const auto found = space.patched.find(at);
    if (found == space.patched.end()) return false;
    const Site& site = found->second;
    if (reads_counter(site)) {
      event = answer_counter(space, site.kind, at, site.length);
    } else if (site.kind == kCpuid) {
      event = answer_cpuid(thread, at, site.length);
    } else {
      event = draw_random(site, at, regs);
    }
  } else if (info.si_signo == SIGSEGV) {
    const Address at(regs.rip);
    const auto trapped = trapped_instruction(space.memory, at);
    if (!trapped) return false;
    event = trapped->kind == kCpuid ? answer_cpuid(thread, at, trapped->length)
                                    : answer_counter(space, trapped->kind, at, trapped->length);
  } else {
    return false;
  }
  repair_forced_signal(thread, info.si_signo);
  apply(event, regs);
  thread.task().set_registers(regs);
  thread.regs = regs;
  thread.place = Thread::Place::boundary;
  append(thread, std::move(event));
  return true;
}

bool RecordSession::forcing_changes(const Thread& thread, int signal) {
  const bool blocked = thread.signal_mask & bit(signal);
  const bool ignored = thread.process->actions->action(signal).handler == 1;
  return blocked || ignored;
}

/// The kernel resets the disposition of a signal that it forces while it is blocked or ignored, and
/// unblocks it, also when the tracer swallows it: put both back.
void RecordSession::repair_forced_signal(Thread& thread, int signal) {
  if (!forcing_changes(thread, signal)) return;
  const KernelSigaction& action = thread.process->actions->action(signal);
  thread.memory().write(kGateData, bytes_of(action));
  const std::int64_t result =
      inject(thread.task(), InjectBy::syscall_stops, SYS_rt_sigaction,
             {std::uint64_t(signal), kGateData.value(), 0, sizeof(std::uint64_t), 0, 0});
  if (result != 0) throw SystemError("restore a signal's action", int(-result));
  thread.task().set_signal_mask(thread.signal_mask);
}

void RecordSession::deliver(Thread& thread, const siginfo_t& info, bool synchronous) {
  const int signal = info.si_signo;
  const GeneralRegisters outside = outside_stubs(thread.process->space->plans, thread.regs);
  if (outside.rip != thread.regs.rip) {
    thread.regs = outside;
    thread.task().set_registers(outside);
  }
  SignalTable& actions = *thread.process->actions;
  SignalTable::Effect effect = actions.effect_of(signal);
  if (synchronous &&
      ((thread.signal_mask & bit(signal)) || effect == SignalTable::Effect::ignored)) {
    actions.set_action(signal, {});
    effect = SignalTable::Effect::fatal;  // forced: the default action, see repair_forced_signal
  }
  SignalEvent event;
  event.number = signal;
  event.info = bytes_of_info(info);
  // One that follows a sigreturn at once may be that call's doing (a spoiled frame): no instruction
  // would raise it again.
  const bool after_return = thread.place == Thread::Place::boundary && thread.row != nullptr &&
                            thread.row->handling == Handling::sigreturn;
  event.synchronous = synchronous && !after_return;
  event.registers_before = thread.regs;
  if (effect == SignalTable::Effect::handler) return enter_handler(thread, std::move(event));

  event.action = SignalEvent::Action::fatal;
  RecordedProcess& process = *thread.process;
  const EventNumber number = append(thread, std::move(event));
  process.fatal_signal = number;
  if (!synchronous && thread.place == Thread::Place::user) save_shared_memory(thread);
  process.ending = true;
  process.ended_by = thread.tid;
  thread.deliver = signal;
}

/// Lets the kernel build the frame, which one single step does without executing an instruction of
/// the handler, and records what it wrote.
void RecordSession::enter_handler(Thread& thread, SignalEvent event) {
  const int signal = event.number;
  thread.task().resume(Resume::step, signal);
  int status = wait_for_stop(thread.tid);
  StopStatus stop = understand(status);
  if (stop.kind == StopStatus::Kind::signal && stop.value == signal && signal != SIGTRAP &&
      signal != SIGSEGV) {
    // The thread stood at a stop of another kind, where the kernel sends the signal anew.
    siginfo_t info{};
    std::memcpy(&info, event.info.data(), sizeof info);
    thread.task().set_signal_info(info);
    thread.task().resume(Resume::step, signal);
    status = wait_for_stop(thread.tid);
    stop = understand(status);
  }
  if (stop.kind != StopStatus::Kind::signal) return handle(thread, status);
  if (stop.value != SIGTRAP) {
    // The frame could not be written (no stack left): the kernel forced SIGSEGV instead.
    return deliver(thread, thread.task().signal_info(), false);
  }
  thread.regs = thread.task().registers();
  thread.place = Thread::Place::boundary;
  thread.process->actions->note_delivery(signal);
  thread.signal_mask = thread.task().signal_mask();
  event.action = SignalEvent::Action::handler;
  event.registers = thread.regs;
  event.vector_state = thread.task().vector_state();
  event.frame.push_back(read_signal_frame(thread.memory(), thread.regs.rsp));
  append(thread, std::move(event));
}

}  // namespace ttrace
