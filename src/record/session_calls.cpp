#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "record/filter.h"
#include "record/session.h"
#include "syscalls/written.h"
#include "tracee/gate.h"
#include "ttrace/mark.h"

namespace ttrace {
namespace {

SyscallView view_of(const GeneralRegisters& regs) {
  return {
      std::int64_t(regs.orig_rax), {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9}, 0};
}

/// The call moves data between descriptors without showing it to the program.
bool moves_data_unseen(std::int64_t number) {
  return number == SYS_sendfile || number == SYS_splice || number == SYS_tee ||
         number == SYS_vmsplice || number == SYS_copy_file_range;
}

/// The descriptor that such a call writes to.
int target_descriptor(const SyscallView& call) {
  switch (call.number) {
    case SYS_sendfile:
    case SYS_vmsplice:
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

/// Only what the program itself can read: not memory that it has protected.
MemoryPeek RecordSession::peek_as_program(const Thread& thread) {
  return [tid = thread.tid](Address at, std::span<std::byte> into) {
    return read_as_program(tid, at, into);
  };
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
  if (!std::exchange(thread.begins_anew, false)) thread.enter_written = false;
  if (call.number != SYS_restart_syscall) thread.restarted.reset();

  if (call.number != TTRACE_MARK_SYSCALL && obey_filter(thread)) return;
  if (thread.row != nullptr && thread.row->handling == Handling::refused) {
    throw NotRecordable("system call " + syscall_name(call.number) +
                        (*thread.row->why ? std::string(" (") + thread.row->why + ")" : ""));
  }
  thread.unknown_request = refusal(call, peek(thread));
  if (thread.unknown_request && !is_unknown_request(call)) {
    throw NotRecordable(*thread.unknown_request);
  }
  refuse_by_context(thread);
  if (answer_instead(thread)) return;
  if (moves_data_unseen(call.number) && stream_of(thread, target_descriptor(call)) != 0) {
    // The program falls back to read and write, whose data a replay can show.
    return answer(thread, -EINVAL);
  }
  // A replay must bring the thread here first: what it wrote may be seen by others that live on.
  if (thread.row->handling == Handling::exit || thread.row->handling == Handling::exec) {
    write_enter(thread);
    // No handler can run after it: those of held signals run before it.
    if (step_back_for_held(thread)) return;
  }
  requeue_held(thread);
  if (call.number == SYS_rt_sigaction && call.args[1] != 0) {
    thread.memory().read_value(Address(call.args[1]), thread.new_action);
  }
  if (call.number == SYS_exit_group) {
    thread.process->ending = true;
    thread.process->ended_by = thread.tid;
  }
  if (call.number != SYS_sched_yield) consider_switch(thread, Scheduler::CallPlace::entry);
}

void RecordSession::write_enter(Thread& thread) {
  if (thread.enter_written) return;
  thread.enter_written = true;
  append(thread, SyscallEnterEvent{thread.entry});
}

/// Lets the call run. Where others see the same memory, what a sleeping call writes goes to
/// scratch memory until the call ends.
void RecordSession::begin_call(Thread& thread) {
  const MemoryPeek look = peek(thread);
  const bool goes_on = thread.call.number == SYS_restart_syscall && thread.restarted;
  if (!goes_on) {
    thread.notes = before_call(thread.call, look);
    release_scratch(thread);
  }
  thread.redirected.clear();
  thread.rewritten = false;
  soften_filter(thread);
  if (thread.call.number == SYS_clone && (thread.call.args[0] & CLONE_UNTRACED)) {
    GeneralRegisters regs = thread.regs;
    regs.rdi &= ~std::uint64_t(CLONE_UNTRACED);
    thread.task().set_registers(regs);
    thread.rewritten = true;
  }
  forget_descriptors(thread);
  note_text_change(thread);
  note_measured_stream(thread);
  const RecordedSpace& space = *thread.process->space;
  if (thread.row->blocking == Blocking::may) {
    GeneralRegisters regs = thread.regs;
    if (space.users > 1 || space.shares_memory) redirect(thread, regs);
    const bool shortened = shorten(thread, regs);
    if (shortened || !thread.redirected.empty()) {
      thread.task().set_registers(regs);
      thread.rewritten = true;
    }
  }
  thread.undivided = changes_shared_file(thread) || copies_memory(thread);
  make_private(thread);
  if (thread.row->handling == Handling::exec) note_writes_at_exec(thread);
  thread.place = Thread::Place::in_call;
  thread.task().resume(Resume::to_syscall);
}

/// Refusals that need to know more than the table does.
void RecordSession::refuse_by_context(const Thread& thread) const {
  const SyscallView& call = thread.call;
  if (thread.row != nullptr && thread.row->handling == Handling::address_space) {
    const bool attaches = call.number == SYS_shmat;
    const bool detaches = call.number == SYS_shmdt;
    const bool anywhere = (call.number == SYS_mmap && !(call.args[3] & MAP_FIXED)) ||
                          (attaches && !(call.args[2] & SHM_REMAP));
    const Address start(call.args[attaches ? 1 : 0]);
    const Address end = start + (attaches || detaches ? kPageSize : call.args[1]);
    const auto touches = [&](Address from, std::uint64_t size) {
      return start < from + size && from < end;
    };
    if (!anywhere && call.number != SYS_brk &&
        (touches(kGatePage, kGateSize) || touches(kScratchArea, kMostScratch))) {
      throw NotRecordable(syscall_name(call.number) + " of the recorder's own memory");
    }
  }
}

void RecordSession::on_call_exit(Thread& thread) {
  thread.regs = thread.task().registers();
  if (thread.place != Thread::Place::in_call) {
    // The exit of a call that was answered, not executed, or of an exec: nothing to record.
    thread.place = Thread::Place::boundary;
    return;
  }
  adopt_filter(thread);
  thread.holds_shared_mutex = false;
  if (begin_anew_after_ignored(thread)) return;
  thread.place = Thread::Place::boundary;
  if (thread.row->handling == Handling::exec) thread.writes_at_exit.clear();  // it failed
  SyscallView call = thread.call;
  std::vector<Redirection> redirected = thread.redirected;
  if (call.number == SYS_restart_syscall && thread.restarted) {
    // It goes on with the pointers of the call that was interrupted.
    call = *thread.restarted;
    redirected = thread.restarted_redirected;
  }
  call.result = std::int64_t(thread.regs.rax);
  if (thread.unknown_request && !says_unknown_request(call.result)) {
    throw NotRecordable(*thread.unknown_request);
  }

  const Memory& memory = thread.memory();
  SyscallExit exit;
  exit.result = call.result;
  thread.disturbed = false;
  if (thread.rewritten) {
    GeneralRegisters regs = thread.regs;
    for (unsigned i = 0; i < 6; ++i) syscall_argument(regs, i) = thread.call.args[i];
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
  hide_tracer(thread, call, exit);
  note_effects(thread, call, exit);
  if (call.result > 0) {
    exit.written_digest = digest_of_written(call, peek_as_program(thread));
    if (exit.written_digest != 0) note_output(thread, call, exit);
  }
  if (call.result >= 0) {
    tell_descriptor(thread, call);
    note_memory_file(thread, call, exit);
    note_file_change(thread, call, exit);
  }
  finish_call(thread, std::move(exit));
  if (call.result != -516) release_scratch(thread);  // the kernel kept no pointer to it
  consider_switch(thread, call.number == SYS_sched_yield ? Scheduler::CallPlace::yield
                                                         : Scheduler::CallPlace::exit);
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
  note_areas(thread, call);
  if (call.number == SYS_madvise) note_dropped_pages(thread, call, exit);  // also if it failed
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
      const bool shared = (args[3] & MAP_TYPE) != MAP_PRIVATE;
      if (args[3] & MAP_ANONYMOUS) {
        if (args[2] & PROT_EXEC) result_.writes_code = true;
        if (shared) share_memory(thread);
        return;
      }
      forget_written();
      if (thread.made_private) return note_private_copy(thread, call, exit);
      if (note_shared_mapping(thread, call, exit)) return;
      const bool executable = args[2] & PROT_EXEC;
      const auto file = files_.from_descriptor(thread.tid, int(args[4]), executable);
      if (!file) {
        if (shared) share_memory(thread);
        return;
      }
      exit.backing = ObjectRef{file->object, args[5]};
      make_room(thread, call, exit);
      if (shared) space.shows_shared_files = true;
      if (executable) {
        Mapping text;
        text.start = Address(std::uint64_t(exit.result));  // where there was room
        text.length = page_ceil(args[1]);
        text.protection = int(args[2]);
        text.name = result_.recording.objects().at(file->object).info.path;
        patch_or_plan(thread, *file, text, args[5], exit.overlays, exit.plans, exit.patches);
      }
      return;
    }
    case SYS_munmap:
      forget_patches(space, Address(args[0]), args[1]);
      return;
    case SYS_mremap:
      forget_patches(space, Address(args[0]), args[1]);
      note_remap(thread, call, exit);
      return;
    case SYS_shmat:
      note_segment(thread, call, exit);
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
    case SYS_process_vm_writev: {
      // Another process's memory: a replay copies what lies in the caller's.
      const Thread* target = find(Tid(pid_t(args[0])));
      if (target == nullptr || target->process->space != thread.process->space) exit.writes.clear();
      return;
    }
    case SYS_rt_sigprocmask:
      thread.signal_mask = thread.task().signal_mask();
      return;
    default:
      return;
  }
}

}  // namespace ttrace
