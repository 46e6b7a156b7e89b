#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "record/robust_writes.h"
#include "record/session.h"
#include "record/vdso_clock.h"
#include "tracee/gate.h"
#include "tracee/maps.h"

// Programs that a process executes.

namespace ttrace {
namespace {

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

/// [vvar], [vvar_vclock] and [vdso], which lie side by side; empty if there is none.
std::vector<MapLine> vdso_of(Pid pid) {
  std::vector<MapLine> lines = read_maps(pid);
  std::erase_if(lines, [](const MapLine& line) {
    return !line.name.starts_with("[vdso") && !line.name.starts_with("[vvar");
  });
  return lines;
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

}  // namespace

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
/// real system calls for the time (traps.md, Loader). With the agent it is moved to where only that
/// finds it.
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
  if (!map_behind_gate(thread, vdso_clock_offset())) map_behind_gate(thread, std::nullopt);
}

/// Maps what lies behind the gate page, and moves the vDSO there, whose function the agent may call
/// if there is an offset. False, with half of it done: the kernel does not move it.
bool RecordSession::map_behind_gate(Thread& thread, std::optional<std::uint64_t> clock_offset) {
  RecordedSpace& space = *thread.process->space;
  std::vector<InjectedCall> calls = {
      {SYS_mprotect, {kGateWritable.value(), kPageSize, PROT_READ | PROT_WRITE, 0, 0, 0}}};
  const bool wants_agent = options_.agent && options_.ticks != nullptr;
  const std::vector<MapLine> vdso = vdso_of(thread.process->pid);
  const bool fits = !vdso.empty() && vdso.back().end - vdso.front().start <= agent::kVdsoSize;
  const bool moves = wants_agent && clock_offset && fits;
  // The filter lets pass what lies there: nobody else may.
  const InjectedCall reserve{
      SYS_mmap,
      {agent::kVdsoAddress, agent::kVdsoSize, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, ~0ull, 0}};
  constexpr std::uint64_t kMove = MREMAP_MAYMOVE | MREMAP_FIXED;
  if (moves) calls.push_back(reserve);
  Address to(agent::kVdsoAddress);
  for (const MapLine& line : vdso) {
    const std::uint64_t size = line.end - line.start;
    to = Address(agent::kVdsoAddress) + (line.start - vdso.front().start);
    if (moves) {
      calls.push_back({SYS_mremap, {line.start.value(), size, size, kMove, to.value(), 0}});
    } else {
      calls.push_back({SYS_munmap, {line.start.value(), size, 0, 0, 0, 0}});
    }
  }
  if (!moves) calls.push_back(reserve);
  if (wants_agent) add_agent_mappings(calls);
  inject_batch(thread.task(), space.memory, calls);
  if (moves && calls[1 + vdso.size()].number != std::int64_t(to.value())) return false;
  if (moves) space.clock.function = to + *clock_offset;  // the last of them is [vdso]
  if (wants_agent) take_agent(space, calls);
  return true;
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

}  // namespace ttrace
