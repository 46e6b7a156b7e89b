#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>

#include "agent/abi.h"
#include "record/agent_records.h"
#include "record/descriptor_link.h"
#include "record/instructions.h"
#include "record/session.h"
#include "tracee/gate.h"

// Calls that the agent makes inside the process (docs/decisions/0013). Its records become ordinary
// events at the thread's next stop, before anything else is done about that stop.

namespace ttrace {
namespace {

constexpr Address head_word(std::size_t offset) { return kGateWritable + offset; }

/// As long as nobody else runs, the records' room is the limit.
constexpr std::uint64_t kAlone = 1 << 20;

/// Not a file like /proc/self/mem, of which writing is more than that.
bool is_on_disk(const std::string& path) {
  constexpr std::int64_t kFileSystems[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                           OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC};
  struct statfs info {};
  if (statfs(path.c_str(), &info) != 0) return false;
  return std::find(std::begin(kFileSystems), std::end(kFileSystems), info.f_type) !=
         std::end(kFileSystems);
}

bool is_agents_stream(const struct stat& info, const std::string& link) {
  if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) return true;
  if ((info.st_mode & S_IFMT) != 0) return false;
  std::error_code error;
  const std::string name = std::filesystem::read_symlink(link, error).string();
  return name == "anon_inode:[eventfd]" || name == "anon_inode:[timerfd]";
}

bool may_wait_for_futex(std::int64_t number) {
  return number == SYS_futex || number == SYS_futex_waitv || number == SYS_restart_syscall;
}

/// For the futex that its first argument names, unless it was requeued to another since.
bool waits_where_it_says(const SyscallView& call) {
  const int operation = int(call.args[1]) & FUTEX_CMD_MASK;
  return call.number == SYS_futex && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
}

void refuse_fault(const Task& task, const siginfo_t& signal) {
  if (!is_fault(signal) || signal.si_signo == SIGTRAP) return;
  throw Error("internal: the agent faulted at " + std::to_string(task.registers().rip) +
              "; --ttrace-agent=off does without it");
}

}  // namespace

/// The calls that map the agent of a new program: the last of a batch, because there may be no room
/// for it (ulimit -v).
void RecordSession::add_agent_mappings(std::vector<InjectedCall>& calls) {
  const auto add = [&](Address at, std::uint64_t size, std::uint64_t protection) {
    calls.push_back({SYS_mmap,
                     {at.value(), size, protection,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, ~0ull, 0}});
  };
  add(kAgentCode, agent::kCodeSize, PROT_READ | PROT_EXEC);
  add(kAgentData, agent::kDataSize, PROT_READ | PROT_WRITE);
}

/// After that batch. Without the agent every call takes the traced path.
void RecordSession::take_agent(RecordedSpace& space, std::span<const InjectedCall> calls) {
  if (calls.back().number != std::int64_t(kAgentData.value())) return;
  space.memory.write(kAgentCode, agent_code());
  space.memory.write(kGateWritable, bytes_of(agent::Head()));
  space.has_agent = true;
}

/// Whether the thread may go into the agent when it goes on now. In any doubt it may not.
bool RecordSession::wants_agent(const Thread& thread) const {
  const RecordedSpace& space = *thread.process->space;
  return space.has_agent && !space.plans.empty() && space.counting == thread.tid &&
         thread.held_signals.empty() && thread.deliver == 0 && !thread.filter &&
         !thread.asked_untraced && !space.shares_memory && !space.shares_descriptors &&
         space.users == thread.process->threads;
}

/// Before a thread executes user code.
void RecordSession::set_agent(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  if (!wants_agent(thread)) return turn_agent_off(space);
  tell_waits(thread);
  const bool alone = threads_.size() == 1;
  if (space.agent_runs && space.agent_calls != 0 && space.agent_alone == alone &&
      space.agent_reads_counter == thread.counter_is_open) {
    return tell_signal_mask(thread);
  }
  const std::optional<std::uint64_t> drawn =
      alone ? kAlone : scheduler_.calls_in_process(thread.tid);
  if (drawn == 0) scheduler_.passed_all_calls();
  const std::uint64_t calls = drawn.value_or(0);
  if (calls == 0) return turn_agent_off(space);
  agent::Head head;
  head.mode = agent::Mode::record;
  head.calls_left = calls;
  head.alone = alone;
  head.signal_mask = thread.signal_mask;
  head.reads_counter = thread.counter_is_open;
  head.read_clock = thread.counter_is_open ? space.clock.function.value() : 0;
  // The words around these are the stubs'.
  constexpr std::size_t kBegin = offsetof(agent::Head, mode);
  constexpr std::size_t kEnd = offsetof(agent::Head, instruction);
  space.memory.write(head_word(kBegin), bytes_of(head).subspan(kBegin, kEnd - kBegin));
  if (!space.agent_runs) {
    const std::uint64_t enter = agent::kEntry;
    space.memory.write(head_word(offsetof(agent::Head, enter)), bytes_of(enter));
  }
  space.agent_runs = true;
  space.agent_calls = calls;
  space.agent_alone = alone;
  space.agent_mask = thread.signal_mask;
  space.agent_reads_counter = thread.counter_is_open;
}

/// Where the others wait, so that a wake of nobody need not stop. None begins to wait while the
/// thread runs.
void RecordSession::tell_waits(const Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  agent::Waits waits;
  for (const auto& [tid, other] : threads_) {
    if (other.get() == &thread || other->place != Thread::Place::in_call) continue;
    const bool restarts = other->call.number == SYS_restart_syscall && other->restarted;
    const SyscallView& call = restarts ? *other->restarted : other->call;
    if (!may_wait_for_futex(call.number)) continue;
    const auto known = std::span(waits.futexes).first(waits.count);
    if (std::ranges::find(known, call.args[0]) != known.end()) continue;
    if (!waits_where_it_says(call) || waits.count == agent::kMostWaits) {
      waits.count = agent::kMostWaits + 1;
      break;
    }
    waits.futexes[waits.count++] = call.args[0];
  }
  if (waits == space.agent_waits) return;
  space.agent_waits = waits;
  space.memory.write(head_word(offsetof(agent::Head, waits)), bytes_of(waits));
}

void RecordSession::tell_signal_mask(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  if (space.agent_mask == thread.signal_mask) return;
  space.agent_mask = thread.signal_mask;
  space.memory.write(head_word(offsetof(agent::Head, signal_mask)), bytes_of(space.agent_mask));
}

void RecordSession::turn_agent_off(RecordedSpace& space) {
  if (!space.agent_runs) return;
  const std::uint64_t off = 0;
  space.memory.write(head_word(offsetof(agent::Head, enter)), bytes_of(off));
  space.memory.write(head_word(offsetof(agent::Head, mode)), bytes_of(off));
  space.agent_runs = false;
}

/// To the agent of a new program: what earlier programs and recordings asked.
void RecordSession::tell_cpuid_answers(RecordedSpace& space) const {
  if (!space.has_agent) return;
  space.cpuid_answers = cpuid_.known(options_.portable);
  agent::CpuidTable table;
  table.loader_start = space.loader_start.value();
  table.loader_end = space.loader_end.value();
  table.count = space.cpuid_answers.size();
  std::copy(space.cpuid_answers.begin(), space.cpuid_answers.end(), table.answers);
  const std::size_t size =
      offsetof(agent::CpuidTable, answers) + table.count * sizeof(agent::CpuidAnswer);
  space.memory.write(Address(agent::kCpuidAddress), bytes_of(table).first(size));
}

/// At a stop at CPUID.
InstructionEvent RecordSession::answer_cpuid(const Thread& thread, Address at,
                                             std::uint8_t length) {
  RecordedSpace& space = *thread.process->space;
  const bool is_loader = at >= space.loader_start && at < space.loader_end;
  const CpuidQuestion question{{is_loader, options_.portable},
                               std::uint32_t(thread.regs.rax),
                               std::uint32_t(thread.regs.rcx)};
  const CpuidResult& result = cpuid_.get(question);
  tell_cpuid_answer(space, agent_answer(question, result));
  return cpuid_event(at, length, result);
}

/// After a stop at CPUID: the next such question is for the agent, as far as it holds them.
void RecordSession::tell_cpuid_answer(RecordedSpace& space, const agent::CpuidAnswer& answer) {
  auto& told = space.cpuid_answers;
  if (!space.has_agent || told.size() == agent::kMostCpuidAnswers ||
      std::find(told.begin(), told.end(), answer) != told.end()) {
    return;
  }
  told.push_back(answer);
  const Address table(agent::kCpuidAddress);
  const std::size_t at =
      offsetof(agent::CpuidTable, answers) + (told.size() - 1) * sizeof(agent::CpuidAnswer);
  space.memory.write(table + at, bytes_of(answer));
  const std::uint64_t count = told.size();
  space.memory.write(table + offsetof(agent::CpuidTable, count), bytes_of(count));
}

/// Before a call that the agent did not make: what it knows of descriptors that the call closes or
/// changes is no longer true. (One that the call makes had a number that was free.)
void RecordSession::forget_descriptors(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  if (!space.has_agent) return;
  const SyscallView& call = thread.call;
  const auto forget = [&](std::uint64_t first, std::uint64_t last) {
    if (first >= agent::kMostDescriptors || last < first) return;
    const Bytes unknown(std::min<std::uint64_t>(last, agent::kMostDescriptors - 1) - first + 1);
    space.memory.write(Address(agent::kDescriptorsAddress) + first, unknown);
  };
  const auto only = [&](std::uint64_t descriptor) {
    forget(std::uint32_t(descriptor), std::uint32_t(descriptor));
  };
  switch (call.number) {
    case SYS_close:
      return only(call.args[0]);
    case SYS_dup2:
    case SYS_dup3:
      return only(call.args[1]);
    case SYS_fcntl:
      if (call.args[1] == F_SETFL) only(call.args[0]);  // it may not wait any more
      return;
    case SYS_ioctl:
      if (call.args[1] == FIONBIO) only(call.args[0]);
      return;
    case SYS_close_range:
      if (call.args[2] & CLOSE_RANGE_UNSHARE) space.shares_descriptors = true;
      return forget(std::uint32_t(call.args[0]), std::uint32_t(call.args[1]));
    case SYS_unshare:
      if (call.args[0] & CLONE_FILES) space.shares_descriptors = true;
      return;
    default:
      return;
  }
}

bool RecordSession::is_shown_in_memory(const struct stat& info) {
  return files_.was_mapped(info) || shared_files_.find(info) != nullptr;
}

/// A file was mapped: writing it may concern somebody from now on. Agents are told anew, file by
/// file.
void RecordSession::forget_written() {
  if (!std::exchange(has_written_, false)) return;
  for (const auto& [tid, thread] : threads_) {
    const RecordedSpace& space = *thread->process->space;
    if (!space.has_agent) continue;
    Bytes kinds = space.memory.read(Address(agent::kDescriptorsAddress), agent::kMostDescriptors);
    std::replace(kinds.begin(), kinds.end(), std::byte(agent::Descriptor::written),
                 std::byte(agent::Descriptor::regular));
    space.memory.write(Address(agent::kDescriptorsAddress), kinds);
  }
}

/// After a call that the agent would have made had it known the descriptor: tells it.
void RecordSession::tell_descriptor(const Thread& thread, const SyscallView& call) {
  const RecordedSpace& space = *thread.process->space;
  constexpr std::int64_t kOfInterest[] = {SYS_read,  SYS_pread64,    SYS_write,    SYS_lseek,
                                          SYS_fstat, SYS_getdents64, SYS_recvfrom, SYS_sendto};
  const bool is_of_interest = std::find(std::begin(kOfInterest), std::end(kOfInterest),
                                        call.number) != std::end(kOfInterest);
  const std::uint64_t descriptor = call.args[0];
  if (!space.has_agent || !is_of_interest || descriptor >= agent::kMostDescriptors ||
      space.shares_descriptors || space.users != thread.process->threads) {
    return;
  }
  const Address told = Address(agent::kDescriptorsAddress) + descriptor;
  agent::Descriptor known{};
  space.memory.read_value(told, known);
  // Of a regular file, a first write tells more.
  const bool may_tell_more = known == agent::Descriptor::regular && call.number == SYS_write;
  if (known != agent::Descriptor::unknown && !may_tell_more) return;
  const std::string link = descriptor_link(thread.tid, int(descriptor));
  struct stat info {};
  if (stat(link.c_str(), &info) != 0) return;
  const auto is_stream = [&] { return stream_of(thread, int(descriptor)) != 0; };
  auto kind = agent::Descriptor::unknown;
  if (S_ISREG(info.st_mode)) {
    const bool writes = call.number == SYS_write;
    // One without a size may be made at the time of reading, as those of /proc are.
    const bool on_disk = (writes || info.st_size == 0) && is_on_disk(link);
    const bool concerns_nobody = writes && on_disk && !is_shown_in_memory(info) && !is_stream();
    if (info.st_size != 0 || on_disk) kind = agent::Descriptor::regular;
    if (concerns_nobody) kind = agent::Descriptor::written;
    has_written_ = has_written_ || concerns_nobody;
  }
  if (S_ISDIR(info.st_mode)) kind = agent::Descriptor::directory;
  // Where chaos cuts what streams transfer, it must see the calls.
  if (!disturbances_.may_shorten() && is_agents_stream(info, link) && !is_stream()) {
    kind = agent::Descriptor::stream;
  }
  if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3) && !is_stream()) {
    kind = agent::Descriptor::null;
  }
  if (kind == agent::Descriptor::unknown) return;
  space.memory.write(told, bytes_of(kind));
}

/// Events of the records that a thread left since its last stop come next.
void RecordSession::take_records(Thread& thread, const agent::Head& head) {
  RecordedSpace& space = *thread.process->space;
  AgentRecords records{thread.tid, elapsed_us(), thread.ticks, space.counter, events_.buffer()};
  if (head.used > agent::kRecordsSize) refuse_records();
  const Address from(agent::kRecordsAddress);
  const std::span into = std::span(records.buffer->bytes).first(head.used);
  records.size = read_as_program(thread.tid, from, into);
  if (records.size < head.used) records.size = space.memory.read(from, into);
  const RecordsOutline outline = outline_of(records);
  thread.ticks += space.counter - outline.counter;
  space.counter = outline.counter;
  take_ticks(thread);
  space.clock.calls += outline.clock_calls;
  if (outline.changes_mask) thread.signal_mask = space.agent_mask = head.signal_mask;
  events_.write(std::move(records));
  thread.place = Thread::Place::user;
  space.agent_calls = head.calls_left;
  if (head.calls_left == 0 && !space.agent_alone) scheduler_.passed_all_calls();
  const std::uint64_t none = 0;
  space.memory.write(head_word(offsetof(agent::Head, used)), bytes_of(none));
}

/// The thread that runs has no room for more records: they are taken, and it goes on at once.
/// False: the stop is another one.
bool RecordSession::goes_on_in_agent(Thread& thread, const StopStatus& stop) {
  RecordedSpace& space = *thread.process->space;
  const Task task = thread.task();
  const bool is_trap = stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP;
  if (thread.tid != in_user_code_ || !is_trap || !space.agent_runs ||
      task.registers().rip - 1 != agent::kFull || task.signal_info().si_code != SI_KERNEL) {
    return false;
  }
  if (want_switch_ || !held_back_ends_.empty() || ended_ || space.clock.is_due()) {
    // Without room it takes the traced path, where that can be dealt with.
    space.memory.read_value(head_word(offsetof(agent::Head, signal_mask)), space.agent_mask);
    thread.signal_mask = space.agent_mask;
  } else {
    note_ticks(thread);
  }
  repair_forced_signal(thread, SIGTRAP);
  task.resume(Resume::run);
  return true;
}

/// Of a thread that runs and is to be killed. What it counts as used is complete, even if it is
/// about to add to it.
void RecordSession::take_last_records(Thread& thread) {
  const RecordedSpace& space = *thread.process->space;
  agent::Head head;
  if (!space.agent_runs || !space.memory.read_value(kGateWritable, head)) return;
  if (head.used != 0) take_records(thread, head);
}

/// A thread that ran has stopped: brings it out of the agent if it was stopped there. False if it
/// ended instead: that is handled.
bool RecordSession::come_out_of_agent(Thread& thread, const StopStatus& stop) {
  const bool is_signal = stop.kind == StopStatus::Kind::signal;
  const bool is_job_control =
      stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_STOP;
  if (!thread.process->space->agent_runs || !(is_signal || is_job_control)) return true;
  const GeneralRegisters regs = thread.task().registers();
  if (!agent::is_in_agent(regs.rip)) return true;
  // A group-stop finds threads where they are resumed; SIGCONT stops them anywhere.
  if (is_job_control && stop.signal != SIGTRAP) {
    throw NotRecordable("a job-control stop in the middle of a call; --ttrace-agent=off helps");
  }
  thread.regs = regs;
  std::optional<siginfo_t> info;
  if (is_signal) info = thread.task().signal_info();
  return leave_agent(thread, info);
}

/// A thread that was stopped inside the agent (`thread.regs`), by a signal if there is `info`, runs
/// on until it comes out: behind the call that it made, where a signal may be delivered, or before
/// the call that it did not make. Its stop is then handled as if it had happened there. False if it
/// ended instead: that is handled.
bool RecordSession::leave_agent(Thread& thread, const std::optional<siginfo_t>& info) {
  RecordedSpace& space = *thread.process->space;
  const Task task = thread.task();
  if (info) refuse_fault(task, *info);
  const std::uint64_t yes = 1;
  space.memory.write(head_word(offsetof(agent::Head, leave)), bytes_of(yes));
  if (const std::uint64_t rip = agent::leaving(thread.regs.rip); rip != thread.regs.rip) {
    thread.regs.rip = rip;
    task.set_registers(thread.regs);
  }
  constexpr std::uint64_t kTrap = 1ull << (SIGTRAP - 1);
  const std::uint64_t mask = task.signal_mask();
  task.set_signal_mask(~kTrap);
  for (;;) {
    task.resume(Resume::run);
    const int status = wait_for_stop(thread.tid);
    const StopStatus stop = understand(status);
    const bool ends = stop.kind == StopStatus::Kind::exited ||
                      stop.kind == StopStatus::Kind::killed ||
                      (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_EXIT);
    if (ends) {
      handle(thread, status);
      return false;
    }
    if (stop.kind == StopStatus::Kind::signal) refuse_fault(task, task.signal_info());
    if (stop.kind != StopStatus::Kind::signal || stop.value != SIGTRAP) continue;
    thread.regs = task.registers();
    const std::uint64_t int3 = thread.regs.rip - 1;
    if (int3 == agent::kLeftDone || int3 == agent::kLeftUndone || int3 == agent::kLeftInstruction)
      break;
  }
  task.set_signal_mask(mask);
  const std::uint64_t left_at = thread.regs.rip - 1;
  agent::Head head;
  space.memory.read_value(kGateWritable, head);
  note_ticks(thread);  // the records first: they may change the mask that is repaired
  repair_forced_signal(thread, SIGTRAP);
  thread.regs.rip = left_at == agent::kLeftDone ? thread.regs.rcx : head.goes_on;
  task.set_registers(thread.regs);
  const std::uint64_t no = 0;
  space.memory.write(head_word(offsetof(agent::Head, leave)), bytes_of(no));
  thread.place = left_at == agent::kLeftUndone ? Thread::Place::user : Thread::Place::boundary;
  if (info) task.set_signal_info(*info);
  return true;
}

}  // namespace ttrace
