#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "record/filter.h"
#include "record/session.h"
#include "syscalls/written.h"
#include "tracee/gate.h"
#include "ttrace/mark.h"

namespace ttrace {
namespace {

/// Kernel-internal results of an interrupted call that will be restarted or turned into EINTR:
/// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (linux/errno.h).
bool is_restart(std::int64_t result) {
  return result == -512 || result == -513 || result == -514 || result == -516;
}

/// How much of the tracee's output is kept in memory.
constexpr std::uint64_t kMostOutput = 64 << 20;

std::uint64_t& argument(GeneralRegisters& regs, unsigned index) {
  unsigned long long* const places[] = {&regs.rdi, &regs.rsi, &regs.rdx,
                                        &regs.r10, &regs.r8,  &regs.r9};
  return reinterpret_cast<std::uint64_t&>(*places[index]);
}

SyscallView view_of(const GeneralRegisters& regs) {
  return {
      std::int64_t(regs.orig_rax), {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9}, 0};
}

/// The descriptor of a file whose contents the call may change, or -1.
int written_descriptor(const SyscallView& call) {
  switch (call.number) {
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_ftruncate:
    case SYS_fallocate:
    case SYS_sendfile:
      return int(call.args[0]);
    case SYS_copy_file_range:
    case SYS_splice:
      return int(call.args[2]);
    default:
      return -1;
  }
}

/// The call moves data between descriptors without showing it to the program.
bool moves_data_unseen(std::int64_t number) {
  return number == SYS_sendfile || number == SYS_splice || number == SYS_tee ||
         number == SYS_copy_file_range;
}

/// Advice that must not reach the kernel: MADV_FREE lets it drop pages whenever it likes; what
/// happens to pages at a fork would have to be repeated by a replay and its checkpoints.
std::optional<std::int64_t> answer_to_advice(std::uint64_t advice) {
  switch (advice) {
    case MADV_FREE:
      return 0;
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
      return -EINVAL;  // as a kernel that does not know it
    default:
      return {};
  }
}

/// Whether a record is our copy of a held signal: a siginfo_t, or else a signalfd_siginfo.
bool is_copy_of(const HeldSignal& held, bool is_siginfo, const std::byte* record) {
  if (is_siginfo) {
    siginfo_t info;
    std::memcpy(&info, record, sizeof info);
    return info.si_code == SI_QUEUE && info.si_pid == getpid() &&
           info.si_value.sival_int == held.cookie;
  }
  signalfd_siginfo info;
  std::memcpy(&info, record, sizeof info);
  return info.ssi_code == SI_QUEUE && info.ssi_pid == std::uint32_t(getpid()) &&
         info.ssi_int == held.cookie && int(info.ssi_signo) == held.info.si_signo;
}

void show_original(const HeldSignal& held, bool is_siginfo, std::byte* record) {
  if (is_siginfo) {
    std::memcpy(record, &held.info, sizeof held.info);
    return;
  }
  signalfd_siginfo info{};
  info.ssi_signo = std::uint32_t(held.info.si_signo);
  info.ssi_code = held.info.si_code;
  info.ssi_errno = held.info.si_errno;
  if (held.info.si_code == SI_TIMER) {
    info.ssi_tid = std::uint32_t(held.info.si_timerid);
    info.ssi_overrun = std::uint32_t(held.info.si_overrun);
  } else {
    info.ssi_pid = std::uint32_t(held.info.si_pid);
    info.ssi_uid = held.info.si_uid;
  }
  if (held.info.si_signo == SIGCHLD) info.ssi_status = held.info.si_status;
  info.ssi_int = held.info.si_value.sival_int;
  info.ssi_ptr = std::uint64_t(held.info.si_value.sival_ptr);
  std::memcpy(record, &info, sizeof info);
}

/// The descriptor that such a call writes to.
int target_descriptor(const SyscallView& call) {
  switch (call.number) {
    case SYS_sendfile:
      return int(call.args[0]);
    case SYS_tee:
      return int(call.args[1]);
    default:
      return int(call.args[2]);
  }
}

}  // namespace

MemoryPeek RecordSession::peek(const Thread& thread) const {
  const Memory& memory = thread.memory();
  return [&memory](Address at, std::span<std::byte> into) { return memory.read(at, into); };
}

void RecordSession::on_call_entry(Thread& thread) {
  thread.regs = thread.task().registers();
  const SyscallView call = view_of(thread.regs);
  if (thread.task().event_message() == kForeignCall) {
    throw NotRecordable("system call " + std::to_string(call.number & ~0x40000000) +
                        " by int 0x80 or the x32 ABI");
  }
  constexpr std::uint64_t kVsyscallPage = 0xffffffffff600000;
  if (page_floor(thread.regs.rip) == kVsyscallPage) {
    throw NotRecordable("a call through the legacy vsyscall page");
  }
  thread.place = Thread::Place::entry;
  thread.call = call;
  thread.row = syscall_row(call.number);
  thread.entry = {std::int32_t(call.number), call.args, Address(thread.regs.rip),
                  digest_of(thread.regs)};
  thread.enter_written = false;
  if (call.number != SYS_restart_syscall) thread.restarted.reset();

  if (call.number == TTRACE_MARK_SYSCALL) return on_mark(thread);
  // A call younger than Linux 6.1: as absent as it is on that kernel.
  if (thread.row == nullptr || thread.row->handling == Handling::absent) {
    return answer(thread, -ENOSYS);
  }
  if (thread.row->handling == Handling::refused) {
    throw NotRecordable("system call " + syscall_name(call.number) +
                        (*thread.row->why ? std::string(" (") + thread.row->why + ")" : ""));
  }
  if (const auto name = refusal(call, peek(thread))) throw NotRecordable(*name);
  if (thread.row->handling == Handling::affinity) return answer_affinity(thread);
  if (call.number == SYS_madvise) {
    if (const auto result = answer_to_advice(call.args[2])) return answer(thread, *result);
  }
  if (moves_data_unseen(call.number) && stream_of(thread, target_descriptor(call)) != 0) {
    // The program falls back to read and write, whose data a replay can show.
    return answer(thread, -EINVAL);
  }
  requeue_held(thread);
  // A replay must bring the thread here first: what it wrote may be seen by others that live on.
  if (thread.row->handling == Handling::exit || thread.row->handling == Handling::exec) {
    write_enter(thread);
  }
  if (const int descriptor = written_descriptor(call); descriptor >= 0) {
    const std::string path = files_.shared_file(thread.tid, descriptor);
    if (!path.empty()) throw NotRecordable("write to " + path + ", which is mapped with MAP_SHARED");
  }
  if (call.number == SYS_rt_sigaction && call.args[1] != 0) {
    thread.memory().read_value(Address(call.args[1]), thread.new_action);
  }
  if (call.number == SYS_exit_group) {
    thread.process->ending = true;
    thread.process->ended_by = thread.tid;
  }
  consider_switch(call.number == SYS_sched_yield ? 0 : 0.5);
}

/// Leaves a thread without executing the call: result as if it had been.
void RecordSession::answer(Thread& thread, std::int64_t result, std::vector<MemoryWrite> writes) {
  GeneralRegisters regs = thread.regs;
  regs.orig_rax = ~0ull;  // seccomp(2): a negative number skips the call
  regs.rax = std::uint64_t(result);
  thread.task().set_registers(regs);
  thread.regs = regs;
  thread.place = Thread::Place::boundary;
  SyscallExit exit;
  exit.result = result;
  exit.writes = std::move(writes);
  append(thread, SyscallEvent{thread.entry, std::move(exit)});
  consider_switch(1);
}

void RecordSession::on_mark(Thread& thread) {
  ttrace_mark raw{};
  MarkEvent mark;
  mark.entry = thread.entry;
  const Memory& memory = thread.memory();
  if (!memory.read_value(Address(thread.call.args[0]), raw)) return answer(thread, -EFAULT);
  if (raw.kind < 0 || raw.kind > TTRACE_MARK_SKIPPED) return answer(thread, -EINVAL);
  mark.kind = MarkEvent::Kind(raw.kind);
  mark.value = raw.value;
  mark.line = raw.line;
  constexpr std::size_t kMostFile = 4096;
  constexpr std::size_t kMostText = 65536;
  if (raw.file) mark.file = memory.read_string(Address(std::uint64_t(raw.file)), kMostFile);
  if (raw.text) mark.text = memory.read_string(Address(std::uint64_t(raw.text)), kMostText);

  GeneralRegisters regs = thread.regs;
  regs.orig_rax = ~0ull;
  regs.rax = 0;
  thread.task().set_registers(regs);
  thread.regs = regs;
  thread.place = Thread::Place::boundary;
  const EventNumber number = append(thread, mark);
  result_.marks.push_back({number, thread.tid, thread.process->pid, std::move(mark)});
}

/// The program may choose CPUs among those that we were started with, and believes that it got
/// them; it stays on ours.
void RecordSession::answer_affinity(Thread& thread) {
  const auto& args = thread.call.args;
  Thread* const of = args[0] == 0 ? &thread : find(Tid(pid_t(args[0])));
  if (of == nullptr) return answer(thread, -ESRCH);
  if (thread.call.number == SYS_sched_setaffinity) {
    cpu_set_t wanted{};
    const std::size_t size = std::min<std::uint64_t>(args[1], sizeof wanted);
    const std::span bytes = std::as_writable_bytes(std::span(&wanted, 1)).first(size);
    if (thread.memory().read(Address(args[2]), bytes) != size) return answer(thread, -EFAULT);
    CPU_AND(&wanted, &wanted, &pin_.original());
    if (CPU_COUNT(&wanted) == 0) return answer(thread, -EINVAL);
    of->affinity = wanted;
    return answer(thread, 0);
  }
  // sched_getaffinity(2): the kernel writes its own mask size and returns it.
  constexpr std::uint64_t kMaskBytes = 8;
  if (args[1] < kMaskBytes) return answer(thread, -EINVAL);
  const std::uint64_t length = std::min<std::uint64_t>(args[1] & ~7ull, sizeof(cpu_set_t));
  const ByteView mask = bytes_of(of->affinity).first(length);
  MemoryWrite write{Address(args[2]), Bytes(mask.begin(), mask.end())};
  if (!thread.memory().write(write.at, write.data)) return answer(thread, -EFAULT);
  answer(thread, std::int64_t(length), {std::move(write)});
}

void RecordSession::write_enter(Thread& thread) {
  if (thread.enter_written) return;
  thread.enter_written = true;
  append(thread, SyscallEnterEvent{thread.entry});
}

/// Lets the call run. Where other threads see the same memory, what a sleeping call writes goes to
/// scratch memory until the call ends.
void RecordSession::begin_call(Thread& thread) {
  const MemoryPeek look = peek(thread);
  const bool goes_on = thread.call.number == SYS_restart_syscall && thread.restarted;
  if (!goes_on) thread.notes = before_call(thread.call, look);
  thread.redirected.clear();
  if (thread.row->blocking == Blocking::may && thread.process->space->users > 1) {
    GeneralRegisters regs = thread.regs;
    redirect(thread, regs);
    if (!thread.redirected.empty()) thread.task().set_registers(regs);
  }
  thread.place = Thread::Place::in_call;
  thread.task().resume(Resume::to_syscall);
}

void RecordSession::redirect(Thread& thread, GeneralRegisters& regs) {
  RecordedSpace& space = *thread.process->space;
  if (!space.has_scratch) return;
  const auto slots = scratch_slots(thread.call, peek(thread));
  if (!slots) return;
  if (!thread.slot) {
    const auto free = std::find(space.slots.begin(), space.slots.end(), false);
    if (free == space.slots.end()) return;
    *free = true;
    thread.slot = std::size_t(free - space.slots.begin());
  }
  Address at = kScratchArea + *thread.slot * kScratchSlot;
  const Address end = at + kScratchSlot;
  for (const ScratchSlot& slot : *slots) {
    const Address original(thread.call.args.at(slot.argument));
    if (original == Address() || slot.length == 0) continue;
    if (slot.length > end - at) break;
    Bytes given;
    if (slot.copy_in) {
      given = space.memory.read(original, slot.length);
      if (given.size() != slot.length) continue;  // the kernel will say EFAULT
      space.memory.write(at, given);
    }
    argument(regs, slot.argument) = at.value();
    thread.redirected.push_back({slot.argument, std::move(given), slot.length, original, at});
    constexpr std::uint64_t kAlignment = 64;
    at = Address((at + slot.length + kAlignment - 1).value() & ~(kAlignment - 1));
  }
}

void RecordSession::on_call_exit(Thread& thread) {
  thread.regs = thread.task().registers();
  if (thread.place != Thread::Place::in_call) {
    // The exit of a call that was answered, not executed, or of an exec: nothing to record.
    thread.place = Thread::Place::boundary;
    return;
  }
  thread.place = Thread::Place::boundary;
  SyscallView call = thread.call;
  std::vector<Redirection> redirected = thread.redirected;
  if (call.number == SYS_restart_syscall && thread.restarted) {
    // It goes on with the pointers of the call that was interrupted.
    call = *thread.restarted;
    redirected = thread.restarted_redirected;
  }
  call.result = std::int64_t(thread.regs.rax);

  const Memory& memory = thread.memory();
  SyscallExit exit;
  exit.result = call.result;
  if (!thread.redirected.empty()) {
    GeneralRegisters regs = thread.regs;
    for (unsigned i = 0; i < 6; ++i) argument(regs, i) = thread.call.args[i];
    thread.task().set_registers(regs);
    thread.regs = regs;
  }
  if (call.result == -516) {
    thread.restarted = call;
    thread.restarted_redirected = redirected;
  }
  // As the call left it: in scratch memory, where that stood in for the program's.
  const MemoryPeek result_peek = [&](Address at, std::span<std::byte> into) {
    for (const Redirection& r : redirected) {
      if (at < r.original || at >= r.original + r.length) continue;
      const std::size_t inside = std::min<std::uint64_t>(into.size(), r.original + r.length - at);
      const std::size_t got = memory.read(r.scratch + (at - r.original), into.first(inside));
      return got < inside ? got : got + memory.read(at + inside, into.subspan(inside));
    }
    return memory.read(at, into);
  };
  for (const MemoryRange& range : outputs_of(call, thread.notes, result_peek)) {
    Bytes data(range.length);
    data.resize(result_peek(range.at, data));
    if (!data.empty()) exit.writes.push_back({range.at, std::move(data)});
  }
  show_copies_originals(thread, call, exit.writes);
  if (!redirected.empty()) move_results(thread, redirected, call, exit);
  note_effects(thread, call, exit);
  if (call.result > 0) {
    exit.written_digest = digest_of_written(call, peek(thread));
    if (exit.written_digest != 0) note_output(thread, call, exit);
  }
  finish_call(thread, std::move(exit));
  consider_switch(call.number == SYS_sched_yield ? 1 / switch_share_ : 1);
}

/// What the kernel wrote to scratch memory appears where the program asked for it only now, and only
/// that: other threads may have written beside it, or over what the kernel left alone.
void RecordSession::move_results(Thread& thread, const std::vector<Redirection>& redirected,
                                 SyscallView& call, SyscallExit& exit) {
  std::vector<MemoryWrite> changed;
  for (MemoryWrite& write : exit.writes) {
    const auto from = std::find_if(redirected.begin(), redirected.end(), [&](const auto& r) {
      return write.at >= r.original && write.at < r.original + r.length;
    });
    if (from == redirected.end() || from->given.empty()) {
      changed.push_back(std::move(write));
      continue;
    }
    const std::size_t offset = write.at - from->original;
    const auto same = [&](std::size_t i) {
      return offset + i < from->given.size() && write.data[i] == from->given[offset + i];
    };
    for (std::size_t i = 0; i < write.data.size();) {
      if (same(i)) {
        ++i;
        continue;
      }
      const std::size_t first = i;
      while (i < write.data.size() && !same(i)) ++i;
      changed.push_back({write.at + first, Bytes(write.data.begin() + std::ptrdiff_t(first),
                                                 write.data.begin() + std::ptrdiff_t(i))});
    }
  }
  exit.writes.clear();
  for (MemoryWrite& write : changed) {
    // With the program's own rights: memory that it may not write is EFAULT, as it would have been.
    if (!write_as_program(thread.process->pid, write.at, write.data)) {
      exit.result = call.result = -EFAULT;
      thread.regs.rax = std::uint64_t(call.result);
      thread.task().set_registers(thread.regs);
      return;
    }
    exit.writes.push_back(std::move(write));
  }
}

/// A program may take a signal that we sent again (requeue_held) out of sigtimedwait or a signalfd:
/// it shall see the original.
void RecordSession::show_copies_originals(Thread& thread, const SyscallView& call,
                                          std::vector<MemoryWrite>& writes) {
  if (thread.held_signals.empty() || call.result <= 0) return;
  const bool waits = call.number == SYS_rt_sigtimedwait;
  if (!waits && call.number != SYS_read) return;
  const std::size_t size = waits ? sizeof(siginfo_t) : sizeof(signalfd_siginfo);
  for (MemoryWrite& write : writes) {
    for (std::size_t at = 0; at + size <= write.data.size(); at += size) {
      std::byte* record = write.data.data() + at;
      const auto held = std::find_if(
          thread.held_signals.begin(), thread.held_signals.end(),
          [&](const HeldSignal& h) { return h.queued && is_copy_of(h, waits, record); });
      if (held == thread.held_signals.end()) continue;
      show_original(*held, waits, record);
      thread.held_signals.erase(held);
      thread.memory().write(write.at + at, std::span(record, size));
    }
  }
}

void RecordSession::finish_call(Thread& thread, SyscallExit exit) {
  if (thread.enter_written) {
    append(thread, SyscallExitEvent{thread.entry.number, std::move(exit)});
  } else {
    append(thread, SyscallEvent{thread.entry, std::move(exit)});
  }
}

/// What a call changed besides memory, as far as later stops or a replay need to know it.
void RecordSession::note_effects(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const auto& args = call.args;
  RecordedSpace& space = *thread.process->space;
  if (thread.row->handling == Handling::sigreturn) {
    exit.registers = thread.regs;
    exit.vector_state = thread.task().vector_state();
    thread.signal_mask = thread.task().signal_mask();
    return;
  }
  if (call.result < 0 && !is_restart(call.result)) return;
  switch (call.number) {
    case SYS_mmap: {
      if (call.result < 0) return;
      const Address at{std::uint64_t(call.result)};
      forget_patches(space, at, args[1]);
      if (args[3] & MAP_ANONYMOUS) return;
      const bool executable = args[2] & PROT_EXEC;
      const auto file = files_.from_descriptor(thread.tid, int(args[4]), executable);
      if (!file) return;
      exit.backing = ObjectRef{file->object, args[5]};
      if ((args[3] & MAP_TYPE) != MAP_PRIVATE) {
        space.shows_shared_files = true;
        files_.note_shared(thread.tid, int(args[4]));
      }
      if (executable) patch(space, *file, at, args[1], args[5], exit.patches);
      return;
    }
    case SYS_munmap:
      forget_patches(space, Address(args[0]), args[1]);
      return;
    case SYS_mremap:
      forget_patches(space, Address(args[0]), args[1]);
      return;
    case SYS_mprotect:
    case SYS_pkey_mprotect:
      on_protection_change(thread, call, exit);
      return;
    case SYS_arch_prctl:
      exit.registers = thread.regs;  // fs_base, gs_base
      return;
    case SYS_set_tid_address:
      thread.clear_tid = Address(args[0]);
      return;
    case SYS_set_robust_list:
      thread.robust_list = Address(args[0]);
      return;
    case SYS_rt_sigaction:
      if (args[1] != 0 && args[0] >= 1 && args[0] <= 64) {
        thread.process->actions->set_action(int(args[0]), thread.new_action);
      }
      return;
    case SYS_rt_sigprocmask:
      thread.signal_mask = thread.task().signal_mask();
      return;
    default:
      return;
  }
}

/// 1 or 2 if the descriptor is what the program was given as standard output or error, whatever its
/// number is by now; else 0.
int RecordSession::stream_of(const Thread& thread, int descriptor) const {
  const auto same = [&](const Fd& ours) {
    return ours && syscall(SYS_kcmp, getpid(), thread.tid.value(), KCMP_FILE, long(ours.value()),
                           long(descriptor)) == 0;
  };
  const bool output = same(standard_output_);
  const bool error = same(standard_error_);
  if (output && error) return descriptor == 2 ? 2 : 1;  // one terminal for both
  return output ? 1 : error ? 2 : 0;
}

void RecordSession::note_output(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const std::vector<MemoryRange> ranges = written_by(call, peek(thread));
  if (ranges.empty()) return;
  exit.output_stream = std::uint8_t(stream_of(thread, int(call.args[0])));
  if (exit.output_stream == 0) return;
  OutputChunk chunk{EventNumber(result_.recording.event_count()), exit.output_stream, {}};
  for (const MemoryRange& range : ranges) {
    if (collected_output_ + range.length > kMostOutput) {
      warn("only the first " + std::to_string(kMostOutput >> 20) + " MiB of output were collected");
      break;
    }
    const Bytes text = thread.memory().read(range.at, range.length);
    chunk.text.append(reinterpret_cast<const char*>(text.data()), text.size());
    collected_output_ += text.size();
  }
  result_.output.push_back(std::move(chunk));
}

}  // namespace ttrace
