#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>

#include "record/session.h"

// Threads and processes that the program makes.

namespace ttrace {
namespace {

CloneArguments clone_arguments(const SyscallView& call, const Memory& memory) {
  switch (call.number) {
    case SYS_clone:
      return {call.args[0], Address(call.args[2]), Address(call.args[3])};
    case SYS_clone3: {
      clone_args args{};
      const std::size_t size = std::min<std::size_t>(call.args[1], sizeof args);
      memory.read(Address(call.args[0]), std::as_writable_bytes(std::span(&args, 1)).first(size));
      return {args.flags, Address(args.parent_tid), Address(args.child_tid)};
    }
    case SYS_vfork:
      return {CLONE_VM | CLONE_VFORK, {}, {}};
    default:
      return {};
  }
}

bool is_first_stop(int status) {
  const StopStatus stop = understand(status);
  return stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_STOP;
}

}  // namespace

/// The call makes a process that has the memory as it is now, and does not wait for it.
bool RecordSession::copies_memory(const Thread& thread) {
  if (thread.row->handling != Handling::new_task) return false;
  const std::uint64_t flags = clone_arguments(thread.call, thread.memory()).flags;
  return (flags & (CLONE_VM | CLONE_VFORK)) == 0;
}

void RecordSession::on_new_task(Thread& thread, int event) {
  const Tid child(pid_t(thread.task().event_message()));
  write_enter(thread);
  CloneArguments args = clone_arguments(thread.call, thread.memory());
  if (event == PTRACE_EVENT_VFORK) args.flags |= CLONE_VM | CLONE_VFORK;
  const int status = first_stop_of(child);
  if (thread.rewritten && is_first_stop(status)) {
    GeneralRegisters regs = Task(child).registers();
    for (unsigned i = 0; i < 6; ++i) syscall_argument(regs, i) = thread.call.args[i];
    Task(child).set_registers(regs);
  }
  add_task(thread, child, args, status);
  // The parent goes on inside its call: to its end, or, in vfork, to its sleep.
}

/// The status that a new task is reported with first: its first stop, unless it was killed.
int RecordSession::first_stop_of(Tid child) {
  const auto early = early_stops_.find(child);
  if (early == early_stops_.end()) return wait_for_stop(child);
  const int status = early->second;
  early_stops_.erase(early);
  return status;
}

/// `thread` made a task, which stands at its first instruction unless `status` says that it ended.
void RecordSession::add_task(Thread& thread, Tid child_tid, const CloneArguments& args,
                             int status) {
  const Memory& memory = thread.memory();
  auto child = std::make_unique<Thread>();
  child->tid = child_tid;
  const bool same_process = args.flags & CLONE_THREAD;
  const bool same_memory = args.flags & CLONE_VM;
  if (same_process) {
    child->process = thread.process;
  } else {
    child->process = std::make_shared<RecordedProcess>();
    child->process->pid = Pid(child_tid.value());
    child->process->actions = args.flags & CLONE_SIGHAND
                                  ? thread.process->actions
                                  : std::make_shared<SignalTable>(*thread.process->actions);
    constexpr std::uint64_t kClearHandlers = 0x100000000;  // CLONE_CLEAR_SIGHAND
    if (args.flags & kClearHandlers) child->process->actions->reset_for_exec();
    child->process->space =
        same_memory ? thread.process->space
                    : std::make_shared<RecordedSpace>(child->process->pid, *thread.process->space);
  }
  const bool own_descriptors = !(args.flags & CLONE_FILES);
  if (same_memory ? same_process && own_descriptors : !own_descriptors) {
    thread.process->space->shares_descriptors = true;
    child->process->space->shares_descriptors = true;
  }
  ++child->process->threads;
  ++child->process->space->users;
  child->signal_mask = thread.signal_mask;
  child->counter_is_open = thread.counter_is_open;
  child->affinity = thread.affinity;
  child->filter = thread.filter;
  child->asked_untraced = args.flags & CLONE_UNTRACED;
  if (args.flags & CLONE_CHILD_CLEARTID) child->clear_tid = args.child_tid;

  const bool alive = is_first_stop(status);
  NewTaskEvent made;
  made.child = child_tid;
  made.child_pid = child->process->pid;
  made.shares_memory = same_memory;
  made.flags = args.flags;
  if (alive) {
    made.registers = child->regs = child->task().registers();
    if ((args.flags & CLONE_VM) && !(args.flags & CLONE_VFORK)) make_scratch(*child);
  } else {
    made.registers = thread.regs;  // killed before its first instruction: nothing will run
    made.registers.rax = 0;
  }
  const auto save = [](const Memory& from, Address at, std::vector<MemoryWrite>& into) {
    Bytes data = from.read(at, sizeof(pid_t));
    if (data.size() == sizeof(pid_t)) into.push_back({at, std::move(data)});
  };
  if (args.flags & (CLONE_PARENT_SETTID | CLONE_PIDFD)) {
    save(memory, args.parent_tid, made.parent_writes);
  }
  if (args.flags & CLONE_CHILD_SETTID) {
    save(child->process->space->memory, args.child_tid, made.child_writes);
  }
  append(thread, std::move(made));
  Thread& kept = *(threads_[child_tid] = std::move(child));
  if (!alive) note_stop(kept.tid, status);
}

}  // namespace ttrace
