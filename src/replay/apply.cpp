#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>

#include "replay/state.h"
#include "syscalls/table.h"
#include "syscalls/written.h"
#include "trace/apply.h"
#include "tracee/maps.h"

namespace ttrace {
namespace {

/// What the kernel makes of a path: the thread's name, 15 characters of its last component.
std::string name_from_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(slash == std::string::npos ? 0 : slash + 1).substr(0, 15);
}

/// Lets a mapping that grows downwards grow to an address, as a call does that writes there.
bool grow_to(HostProcess& host, Address at) {
  const std::uint64_t page = page_floor(at.value());
  return host.call(SYS_rt_sigpending, {page, sizeof(std::uint64_t), 0, 0, 0, 0}) == 0;
}

}  // namespace

ReplayContext& Replayer::State::context(Tid tid) {
  const auto found = threads.find(tid);
  if (found == threads.end()) {
    throw TraceError(trace.path() + ": damaged: event " + std::to_string(next) + " is of thread " +
                     std::to_string(tid.value()) + ", which does not exist");
  }
  return *found->second;
}

const ReplayContext& Replayer::State::context(Tid tid) const {
  return const_cast<State*>(this)->context(tid);
}

void Replayer::State::apply(const Event& event) {
  const Tid tid = event.tid;
  // Applying may read other frames of the trace only through objects, never events: `event` stays.
  struct Visitor {
    State& state;
    Tid tid;

    void operator()(const ExecEvent& e) const { state.apply_exec(tid, e); }
    void operator()(const SyscallEvent& e) const {
      state.apply_exit_of_call(state.context(tid), e.entry, e.exit);
    }
    void operator()(const SyscallEnterEvent& e) const { state.context(tid).inside = e.entry; }
    void operator()(const SyscallExitEvent& e) const {
      ReplayContext& thread = state.context(tid);
      if (!thread.inside || thread.inside->number != e.number) {
        throw TraceError(state.trace.path() + ": damaged: event " + std::to_string(state.next) +
                         " ends a system call that did not begin");
      }
      const SyscallEntry entry = *thread.inside;
      thread.inside.reset();
      state.apply_exit_of_call(thread, entry, e.exit);
    }
    void operator()(const NewTaskEvent& e) const { state.apply_new_task(state.context(tid), e); }
    void operator()(const SignalEvent& e) const { state.apply_signal(state.context(tid), e); }
    void operator()(const InstructionEvent& e) const { ttrace::apply(e, state.context(tid).regs); }
    void operator()(const MarkEvent&) const { state.context(tid).regs.rax = 0; }
    void operator()(const TaskExitEvent& e) const {
      state.write(*state.context(tid).process->space, e.writes);
      state.apply_task_exit(tid);
    }
    void operator()(const ProcessExitEvent& e) const {
      std::vector<Tid> gone;
      for (const auto& [other, thread] : state.threads) {
        if (thread->process->pid == e.pid) gone.push_back(other);
      }
      for (const Tid other : gone) state.apply_task_exit(other);
    }
    void operator()(const SwitchEvent&) const {}  // arriving was all
    void operator()(const PointEvent&) const {}
    void operator()(const StepsEvent&) const {}
    void operator()(const SplitEvent& e) const {
      state.write(*state.context(tid).process->space, {e.loaded});
    }
    void operator()(const EndEvent&) const {}
  };
  std::visit(Visitor{*this, tid}, event.body);
  if (const auto thread = threads.find(tid); thread != threads.end()) {
    thread->second->ticks = 0;
    thread->second->steps = 0;
    thread->second->instructions = 0;
  }
}

void Replayer::State::apply_exec(Tid tid, const ExecEvent& exec) {
  breakpoints.erase(exec.pid);
  auto process = std::make_shared<ReplayProcess>();
  process->pid = exec.pid;
  process->executable = exec.path;
  process->space = std::make_shared<ReplaySpace>();
  ReplaySpace& space = *process->space;
  space.host = HostProcess::create();
  for (const Mapping& mapping : exec.mappings) map(space, mapping);
  add_plans(space, exec.plans);
  write(space, exec.contents);
  patch(space, exec.patches);

  // All other threads of the process are gone, whichever of them executed the program.
  std::vector<Tid> gone;
  for (const auto& [other, thread] : threads) {
    if (thread->process->pid == exec.pid) gone.push_back(other);
  }
  for (const Tid other : gone) apply_task_exit(other);

  auto thread = std::make_unique<ReplayContext>();
  thread->tid = tid;
  thread->process = process;
  thread->name = name_from_path(exec.path);
  thread->regs = exec.registers;
  threads[tid] = std::move(thread);
  order.push_back(tid);
}

void Replayer::State::apply_exit_of_call(ReplayContext& thread, const SyscallEntry& entry,
                                         const SyscallExit& exit) {
  ReplaySpace& space = *thread.process->space;
  const SyscallRow* row = syscall_row(entry.number);
  if (exit.shared) shared.apply(*exit.shared);
  if (row != nullptr && row->handling == Handling::address_space) {
    shape_address_space(thread, entry, exit);
  }
  if (entry.number == SYS_process_vm_writev) write_other_process(thread, entry, exit);
  if (exit.written_digest != 0) check_written(thread, entry, exit);
  for (const Mapping& overlay : exit.overlays) map(space, overlay);
  add_plans(space, exit.plans);
  write(space, exit.writes);
  patch(space, exit.patches);
  if (exit.registers) {
    thread.regs = *exit.registers;
    if (!exit.vector_state.empty()) {
      thread.vector_state = vector_state_here(exit.vector_state);
      if (space.loaded == thread.tid) space.loaded = Tid();
    }
    return;
  }
  thread.regs.rax = std::uint64_t(exit.result);
  if (is_restart(exit.result)) {
    thread.restart = exit.result;
    thread.regs.orig_rax = std::uint64_t(entry.number);
  }
  const bool sets_limit = entry.number == SYS_setrlimit && entry.args[0] == RLIMIT_STACK;
  const bool of_itself =
      entry.args[0] == 0 || entry.args[0] == std::uint64_t(thread.process->pid.value());
  const bool sets_limit_64 = entry.number == SYS_prlimit64 && entry.args[1] == RLIMIT_STACK &&
                             of_itself && entry.args[2] != 0;
  if (exit.result == 0 && (sets_limit || sets_limit_64)) {
    std::uint64_t limit = 0;
    space.host->memory().read_value(Address(entry.args[sets_limit ? 1 : 2]), limit);
    set_stack_limit(space, limit);
  }
  if (entry.number == SYS_prctl && entry.args[0] == PR_SET_NAME && exit.result == 0) {
    thread.name = space.host->memory().read_string(Address(entry.args[1]), 15);
  }
}

void Replayer::State::apply_new_task(ReplayContext& parent, const NewTaskEvent& made) {
  auto child = std::make_unique<ReplayContext>();
  child->tid = made.child;
  child->name = parent.name;
  child->regs = made.registers;
  const ReplaySpace& space = *parent.process->space;
  child->vector_state =
      space.loaded == parent.tid ? space.host->task().vector_state() : parent.vector_state;

  if (made.child_pid == parent.process->pid) {
    child->process = parent.process;
  } else {
    child->process = std::make_shared<ReplayProcess>();
    child->process->pid = made.child_pid;
    child->process->executable = parent.process->executable;
    if (made.shares_memory) {
      child->process->space = parent.process->space;
    } else {
      child->process->space = fork_space(space);
      child->process->space->loaded = Tid();
    }
  }
  write(*parent.process->space, made.parent_writes);
  write(*child->process->space, made.child_writes);
  order.push_back(made.child);
  threads[made.child] = std::move(child);
}

void Replayer::State::apply_signal(ReplayContext& thread, const SignalEvent& signal) {
  if (signal.action != SignalEvent::Action::handler) return;
  if (!signal.registers) {
    throw TraceError(trace.path() + ": damaged: signal event " + std::to_string(next) +
                     " has no registers");
  }
  ReplaySpace& space = *thread.process->space;
  write(space, signal.frame);
  thread.regs = *signal.registers;
  thread.restart = 0;
  if (!signal.vector_state.empty()) {
    thread.vector_state = vector_state_here(signal.vector_state);
    if (space.loaded == thread.tid) space.loaded = Tid();
  }
}

Bytes Replayer::State::vector_state_here(const Bytes& recorded) const {
  return convert_xsave(recorded, trace.info().cpu.layout, layout);
}

void Replayer::State::apply_task_exit(Tid tid) {
  const auto found = threads.find(tid);
  if (found == threads.end()) return;
  ReplaySpace& space = *found->second->process->space;
  if (space.loaded == tid) space.loaded = Tid();
  threads.erase(found);
  std::erase(order, tid);
}

/// Page by page where need be: shared memory that the program may only read is written at its
/// source.
bool Replayer::State::write_memory(ReplaySpace& space, const MemoryWrite& write) {
  const Memory& memory = space.host->memory();
  if (memory.write(write.at, write.data)) return true;
  const std::vector<MapLine> lines = read_maps(Pid(space.host->task().tid().value()));
  for (std::uint64_t done = 0; done < write.data.size();) {
    const Address at = write.at + done;
    const std::size_t size =
        std::min<std::uint64_t>(kPageSize - at.value() % kPageSize, write.data.size() - done);
    const ByteView page = ByteView(write.data).subspan(done, size);
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const MapLine& l) {
      return l.start <= at && at < l.end && l.shared;
    });
    const bool written = memory.write(at, page) ||
                         (line != lines.end() &&
                          shared.write(line->inode, line->offset + (at - line->start), page)) ||
                         (grow_to(*space.host, at) && memory.write(at, page));
    if (!written) return false;
    done += size;
  }
  return true;
}

/// Writes memory as the recording says, under breakpoints too.
void Replayer::State::write(ReplaySpace& space, const std::vector<MemoryWrite>& writes) {
  const std::byte trap{0xcc};
  for (const MemoryWrite& write : writes) {
    if (const auto range = space.watches.accessed(write.at, write.data.size())) {
      written_watch = range;
    }
    if (!write_memory(space, write)) {
      throw Divergence("replay diverged at event " + std::to_string(next) +
                       ": memory that the recording wrote is not mapped");
    }
    auto it = space.breakpoints.lower_bound(write.at);
    for (; it != space.breakpoints.end() && it->first < write.at + write.data.size(); ++it) {
      it->second.covered = write.data[it->first - write.at];
      space.host->memory().write(it->first, std::span(&trap, 1));
    }
  }
}

std::shared_ptr<const TickPlan> Replayer::State::open_plan(std::uint32_t object) const {
  Fd file = trace.open_object(object);
  try {
    return std::make_shared<TickPlan>(TickPlan::open(std::move(file)));
  } catch (const TraceError& error) {
    const ObjectInfo& info = trace.objects().at(object);
    throw TraceError(trace.path() + ": its object " + info.hash + " (" + info.path +
                     ") is damaged: " + error.what());
  }
}

void Replayer::State::add_plans(ReplaySpace& space, const std::vector<AppliedPlan>& applied) {
  for (const AppliedPlan& one : applied) {
    auto& plan = plans[one.plan];
    if (!plan) plan = open_plan(one.plan);
    space.plans.emplace_back(plan, one.bias, one.original);
  }
}

void Replayer::State::patch(ReplaySpace& space, const std::vector<Patch>& patches) {
  for (const Patch& patch : patches) {
    // A plan's text has it already; writing it again would only copy the page.
    if (space.host->memory().read(patch.at, patch.patched.size()) != patch.patched) {
      write(space, {{patch.at, patch.patched}});
    }
    for (std::size_t i = 0; i < patch.original.size(); ++i) {
      space.patched[patch.at + i] = patch.original[i];
    }
  }
}

/// The replay writes what the recording wrote; shows it if it went to standard output or error.
void Replayer::State::check_written(const ReplayContext& thread, const SyscallEntry& entry,
                                    const SyscallExit& exit) {
  const Memory& memory = thread.process->space->host->memory();
  const MemoryPeek peek = [&](Address at, std::span<std::byte> into) {
    return memory.read(at, into);
  };
  const SyscallView call{entry.number, entry.args, exit.result};
  if (digest_of_written(call, peek) != exit.written_digest) {
    diverge(thread, "the replay writes other data");
  }
  if (exit.output_stream == 0 || !output) return;
  for (const MemoryRange& range : written_by(call, peek)) {
    output(exit.output_stream, memory.read(range.at, range.length));
  }
}

}  // namespace ttrace
