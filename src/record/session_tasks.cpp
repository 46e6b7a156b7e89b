#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "record/session.h"
#include "tracee/gate.h"
#include "tracee/maps.h"
#include "tracee/time_trap.h"

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

/// Renames the entries of the auxiliary vector by which a C library finds the vDSO and, if
/// `portable`, features that cpuid does not tell. From the stack pointer of a new program upwards
/// lie argc, argv, 0, environment, 0, auxiliary vector.
void hide_vectors(const Memory& memory, Address stack, bool portable) {
  constexpr std::size_t kMostArguments = 16 << 20;  // beyond the kernel's limit for arguments
  std::vector<std::uint64_t> words;
  for (std::size_t size = 1 << 14; size <= kMostArguments; size *= 4) {
    words.resize(size / sizeof(std::uint64_t));
    words.resize(memory.read(stack, std::as_writable_bytes(std::span(words))) /
                 sizeof(std::uint64_t));
    std::size_t at = words.empty() ? 0 : words[0] + 2;  // past argc, argv and its 0
    while (at < words.size() && words[at] != 0) ++at;   // past the environment
    for (++at; at + 1 < words.size() && words[at] != AT_NULL; at += 2) {
      if (words[at] != AT_SYSINFO_EHDR && !(portable && words[at] == AT_HWCAP2)) continue;
      const std::uint64_t ignore = AT_IGNORE;
      memory.write(stack + at * sizeof ignore, bytes_of(ignore));
    }
    if (at + 1 < words.size()) return;  // it has none
  }
}

std::string executable_of(Pid pid) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/" + std::to_string(pid.value()) + "/exe";
  const ssize_t n = readlink(link.c_str(), path.data(), path.size());
  return n < 0 ? "" : std::string(path.data(), std::size_t(n));
}

/// Where [vvar], [vvar_vclock] and [vdso] lie, side by side; all 0 if there is none.
std::pair<Address, Address> vdso_of(Pid pid) {
  Address start;
  Address end;
  for (const MapLine& line : read_maps(pid)) {
    if (!line.name.starts_with("[vdso") && !line.name.starts_with("[vvar")) continue;
    if (line.start != end) start = line.start;
    end = line.end;
  }
  return {start, end};
}

/// The program executes a translation of other programs' text (valgrind's tools): it would
/// translate what the recorder changed there, and stumble over it.
bool translates_text(std::string_view path) {
  return path.find("/valgrind/") != std::string_view::npos && path.ends_with("-amd64-linux");
}

/// Throws NotRecordable if the program's memory is kept from its own user (ptrace(2), dumpable).
std::shared_ptr<RecordedSpace> space_of_new_program(Pid pid) {
  try {
    return std::make_shared<RecordedSpace>(pid);
  } catch (const SystemError&) {
    std::ifstream comm("/proc/" + std::to_string(pid.value()) + "/comm");
    std::string name;
    std::getline(comm, name);
    throw NotRecordable("execution of " + name + ", which this user may not read");
  }
}

/// What the kernel writes to the robust futexes that a dying thread holds (exit_robust_list() and
/// handle_futex_death() of kernel/futex/core.c).
void add_robust_writes(const Memory& memory, Tid tid, Address head,
                       std::vector<MemoryWrite>& writes) {
  constexpr int kMostEntries = 2048;  // ROBUST_LIST_LIMIT
  constexpr std::uint32_t kOwner = FUTEX_TID_MASK;
  struct {
    std::uint64_t next;
    std::int64_t offset;
    std::uint64_t pending;
  } list{};
  if (head == Address() || !memory.read_value(head, list)) return;
  const auto add = [&](std::uint64_t entry) {
    const Address at((entry & ~1ull) + std::uint64_t(list.offset));
    std::uint32_t word = 0;
    if (!memory.read_value(at, word) || (word & kOwner) != std::uint32_t(tid.value())) return;
    word = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    const ByteView bytes = bytes_of(word);
    writes.push_back({at, Bytes(bytes.begin(), bytes.end())});
  };
  std::uint64_t entry = list.next;
  for (int i = 0; i < kMostEntries && (entry & ~1ull) != head.value(); ++i) {
    add(entry);
    if (!memory.read_value(Address(entry & ~1ull), entry)) break;
  }
  if (list.pending != 0) add(list.pending);
}

}  // namespace

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
    if (same_memory) {
      child->process->space = thread.process->space;
    } else {
      child->process->space = std::make_shared<RecordedSpace>(child->process->pid);
      RecordedSpace& copy = *child->process->space;
      const RecordedSpace& parent = *thread.process->space;
      copy.patched = parent.patched;
      copy.plans = parent.plans;
      copy.counter = parent.counter;
      copy.has_agent = parent.has_agent;
      copy.shares_descriptors = parent.shares_descriptors;
      copy.agent_runs = parent.agent_runs;
      copy.agent_calls = parent.agent_calls;
      copy.agent_alone = parent.agent_alone;
      copy.cpuid_answers = parent.cpuid_answers;
      copy.own_text = parent.own_text;
      copy.loader_start = parent.loader_start;
      copy.loader_end = parent.loader_end;
      copy.shares_memory = parent.shares_memory;
      copy.believes_hidden = parent.believes_hidden;
      copy.shows_changed_files = parent.shows_changed_files;
      copy.shows_shared_files = parent.shows_shared_files;
      copy.scratch = parent.scratch.copy();
    }
  }
  const bool own_descriptors = !(args.flags & CLONE_FILES);
  if (same_memory ? same_process && own_descriptors : !own_descriptors) {
    thread.process->space->shares_descriptors = true;
    child->process->space->shares_descriptors = true;
  }
  ++child->process->threads;
  ++child->process->space->users;
  child->signal_mask = thread.signal_mask;
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

/// At the entry of an execve: what the kernel writes to the memory that the thread leaves
/// (exec_mm_release() of kernel/fork.c), if somebody else sees that memory.
void RecordSession::note_writes_at_exec(Thread& thread) {
  const RecordedProcess& process = *thread.process;
  const bool is_shared = process.space->users > process.threads;
  thread.writes_at_exit.clear();
  if (!is_shared && !process.space->shares_memory) return;
  add_robust_writes(thread.memory(), thread.tid, thread.robust_list, thread.writes_at_exit);
  if (is_shared && thread.clear_tid != Address()) {
    thread.writes_at_exit.push_back({thread.clear_tid, Bytes(sizeof(pid_t))});
  }
}

/// The thread has executed a new program and stands before its first instruction.
void RecordSession::on_exec(Thread& caller) {
  forget_written();
  const Tid former(pid_t(caller.task().event_message()));
  Thread& leaves = find(former) != nullptr ? *find(former) : caller;
  if (!leaves.writes_at_exit.empty()) {
    // It ends, as far as its former memory is concerned.
    append(leaves, TaskExitEvent{0, std::exchange(leaves.writes_at_exit, {})});
  }
  // All other threads of the process are gone; the caller took the leader's tid (ptrace(2)).
  Thread* thread = &caller;
  if (former != caller.tid && find(former) != nullptr) {
    auto moved = std::move(threads_[former]);
    threads_.erase(former);
    const Tid first = caller.tid;
    moved->tid = first;
    thread = moved.get();
    threads_[first] = std::move(moved);  // ends the former leader, which `caller` was
  }
  const auto process = thread->process;
  std::erase_if(threads_, [&](const auto& entry) {
    return entry.second->process == process && entry.second.get() != thread;
  });
  current_ = thread->tid;

  thread->task().resume(Resume::to_syscall);
  const int status = wait_for_stop(thread->tid);
  if (understand(status).kind != StopStatus::Kind::syscall) return note_stop(thread->tid, status);

  if (process->space) {
    process->space->users -= process->threads;
    release_scratch(*thread);
  }
  thread->scratch.reset();
  process->space = space_of_new_program(process->pid);
  process->space->users = 1;
  process->threads = 1;
  process->ending = false;
  process->actions = std::make_shared<SignalTable>(*process->actions);
  process->actions->reset_for_exec();
  thread->state = Thread::State::ready;
  thread->pending_status.reset();
  thread->held_signals.clear();
  thread->redirected.clear();
  thread->counted = {};
  thread->clear_tid = Address();
  thread->robust_list = Address();
  thread->signal_mask = thread->task().signal_mask();

  constexpr std::uint64_t kCode32 = 0x23;  // __USER32_CS
  if (thread->task().registers().cs == kCode32) {
    throw NotRecordable("32-bit program " + executable_of(process->pid));
  }
  if (const std::string path = executable_of(process->pid); translates_text(path)) {
    throw NotRecordable("valgrind (" + path + ")");
  }
  make_gate(*thread);
  ExecEvent image = image_of(*thread);
  tell_cpuid_answers(*process->space);
  thread->regs = image.registers;
  thread->place = Thread::Place::boundary;
  thread->row = nullptr;
  append(*thread, std::move(image));
}

/// Maps the gate page and what lies behind it, and takes away the vDSO: the C library then makes
/// real system calls for the time (traps.md, Loader).
void RecordSession::make_gate(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  const GeneralRegisters regs = thread.task().registers();
  const Task task = thread.task();

  hide_vectors(space.memory, Address(regs.rsp), options_.portable);

  // There is no syscall instruction to be found yet: put one where the program will begin.
  const Address entry(regs.rip);
  const std::span syscall_instruction = std::span(kGateInstructions).first(2);
  const Bytes original = space.memory.read(entry, syscall_instruction.size());
  space.memory.write(entry, std::as_bytes(syscall_instruction));
  const std::int64_t mapped =
      inject_at(entry, task, InjectBy::syscall_stops, SYS_mmap,
                {kGatePage.value(), 2 * kPageSize, PROT_READ | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, ~0ull, 0});
  space.memory.write(entry, original);
  if (mapped != std::int64_t(kGatePage.value())) {
    throw NotRecordable("a program that occupies the address of the recorder's page");
  }
  space.memory.write(kGateCode, std::as_bytes(std::span(kGateInstructions)));
  std::vector<InjectedCall> calls = {
      {SYS_mprotect, {kGateWritable.value(), kPageSize, PROT_READ | PROT_WRITE, 0, 0, 0}}};
  if (const auto [start, end] = vdso_of(thread.process->pid); end != Address()) {
    calls.push_back({SYS_munmap, {start.value(), end - start, 0, 0, 0, 0}});
  }
  const bool wants_agent = options_.agent && options_.ticks != nullptr;
  if (wants_agent) add_agent_mappings(calls);
  inject_batch(task, space.memory, calls);
  if (wants_agent) take_agent(space, calls);
}

ExecEvent RecordSession::image_of(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  const Pid pid = thread.process->pid;
  ExecEvent image;
  image.pid = pid;
  image.path = executable_of(pid);
  image.registers = thread.task().registers();
  struct stat exe {};
  const std::string exe_link = "/proc/" + std::to_string(pid.value()) + "/exe";
  stat(exe_link.c_str(), &exe);

  std::vector<std::pair<Mapping, MappedFiles::File>> texts;
  Address previous_end;
  for (const MapLine& line : read_maps(pid)) {
    if (line.start - kGatePage < kGateSize || line.name == "[vsyscall]") continue;
    Mapping mapping;
    mapping.start = line.start;
    mapping.length = line.end - line.start;
    mapping.protection = line.protection;
    mapping.shared = line.shared;
    mapping.name = line.name;
    const bool executable = line.protection & PROT_EXEC;
    if (line.inode != 0) {
      const bool is_program = line.inode == exe.st_ino;
      const MappedFiles::File file =
          is_program ? files_.from_link(exe_link, executable)
                     : files_.from_path(line.name, line.device, line.inode, executable);
      mapping.name = is_program ? image.path : line.name;
      mapping.backing = ObjectRef{file.object, line.offset};
      if (executable) {
        texts.emplace_back(mapping, file);
        if (!is_program) {
          space.loader_start = line.start;
          space.loader_end = line.end;
        }
      }
      if (line.protection & PROT_WRITE) {
        // The kernel clears the rest of the last page, where .bss begins.
        const Address last = line.end - kPageSize;
        image.contents.push_back({last, space.memory.read(last, kPageSize)});
      }
    } else if (line.name == "[stack]") {
      const Address used(page_floor(image.registers.rsp));
      image.contents.push_back({used, space.memory.read(used, line.end - used)});
      // It grows by itself: a replay maps at once what it may grow to.
      rlimit limit{};
      prlimit(pid.value(), RLIMIT_STACK, nullptr, &limit);
      const std::uint64_t size =
          page_floor(std::min<std::uint64_t>(limit.rlim_cur, kMostStackGrowth));
      mapping.start = std::min(line.start, std::max(line.end - size, previous_end));
      mapping.length = line.end - mapping.start;
      mapping.grows_down = true;
    }
    previous_end = line.end;
    image.mappings.push_back(std::move(mapping));
  }
  for (const auto& [text, file] : texts) {
    std::vector<Mapping> overlays;
    patch_or_plan(thread, file, text, text.backing->offset, overlays, image.plans, image.patches);
    image.mappings.insert(image.mappings.end(), overlays.begin(), overlays.end());
  }
  return image;
}

/// A thread of the process is inside an execve, which ends all others.
bool RecordSession::is_executing(const RecordedProcess& process) const {
  for (const auto& [tid, thread] : threads_) {
    if (thread->process.get() == &process && thread->place == Thread::Place::in_call &&
        thread->row->handling == Handling::exec) {
      return true;
    }
  }
  return false;
}

/// Before memory changes that is not the doing of the thread that ran last: what a thread did
/// before the call that it stands in comes before that in a replay too.
void RecordSession::write_enters() {
  for (const auto& [tid, thread] : threads_) {
    const bool in_call =
        thread->place == Thread::Place::entry || thread->place == Thread::Place::in_call;
    const bool alive =
        thread->state == Thread::State::ready || thread->state == Thread::State::blocked;
    if (in_call && alive) write_enter(*thread);
  }
}

/// A thread that is killed while it stands at the entry of a call ends without any stop: nobody can
/// tell then when the kernel gave up its mutexes.
void RecordSession::note_held_mutexes(Thread& thread) {
  const RecordedSpace& space = *thread.process->space;
  std::vector<MemoryWrite> writes;
  const bool is_seen = space.shares_memory || space.users > thread.process->threads;
  if (is_seen) add_robust_writes(thread.memory(), thread.tid, thread.robust_list, writes);
  thread.holds_shared_mutex = !writes.empty();
}

/// PTRACE_EVENT_EXIT: the thread's memory can still be read.
void RecordSession::on_exiting(Thread& thread) {
  RecordedProcess& process = *thread.process;
  const auto status = int(thread.task().event_message());
  const bool executing = is_executing(process);
  if ((status & 0x7f) != 0 && !executing) process.ending = true;  // killed: all its threads go
  if ((status & 0x7f) != 0 && !process.fatal_signal) save_shared_memory(thread);
  add_robust_writes(thread.memory(), thread.tid, thread.robust_list, thread.writes_at_exit);
  if (thread.clear_tid != Address() && process.space->users > 1) {
    thread.writes_at_exit.push_back({thread.clear_tid, Bytes(sizeof(pid_t))});
  }
  if (!thread.writes_at_exit.empty()) write_enters();
  thread.state = Thread::State::dying;
  const bool first = thread.tid.value() == process.pid.value();
  const bool outlived = first && !process.ending && !executing && process.threads > 1;
  thread.task().resume(Resume::run);
  if (!outlived) return;
  // A first thread whose process goes on is not reported before the last thread ends.
  while (read_activity(thread.tid).state != 'Z') sched_yield();
  thread.state = Thread::State::zombie;
  append(thread, TaskExitEvent{status, std::exchange(thread.writes_at_exit, {})});
}

void RecordSession::on_gone(Thread& thread, StopStatus status, int wait_status) {
  const bool without_stop =
      thread.state != Thread::State::dying && thread.state != Thread::State::zombie;
  if (thread.holds_shared_mutex && without_stop) {
    throw NotRecordable("a process killed at " + syscall_name(thread.call.number) +
                        " with a robust mutex that it shares");
  }
  const auto process = thread.process;
  RecordedSpace& space = *process->space;
  const bool first = thread.tid.value() == process->pid.value();
  // The end of the whole process says it for all its threads, unless somebody else sees what the
  // kernel wrote for this one.
  const bool seen = !thread.writes_at_exit.empty();
  if (seen || (!first && !process->ending)) {
    append(thread, TaskExitEvent{wait_status, std::exchange(thread.writes_at_exit, {})});
  }
  --process->threads;
  --space.users;
  release_scratch(thread);
  detach_all(thread.tid);
  if (first) {
    const EventNumber number = append(thread, ProcessExitEvent{process->pid, wait_status});
    if (status.kind == StopStatus::Kind::killed) {
      result_.deaths.push_back({process->fatal_signal.value_or(number),
                                process->fatal_signal ? process->ended_by : thread.tid,
                                process->pid, status.value});
    }
    if (process->pid == result_.root) {
      result_.status = wait_status;
      result_.exit_event = number;
      result_.exit_tid = process->ended_by.value() != 0 ? process->ended_by : thread.tid;
      root_ended_ = clock_.counted();
    }
    std::erase_if(threads_, [&](const auto& entry) { return entry.second->process == process; });
    return;
  }
  threads_.erase(thread.tid);
}

}  // namespace ttrace
