#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <algorithm>

#include "record/call_ends.h"
#include "record/file_changes.h"
#include "record/instructions.h"
#include "record/session.h"
#include "tracee/gate.h"
#include "tracee/maps.h"
#include "tracee/time_trap.h"

// The clock that the agent reads by the vDSO's function (docs/decisions/0025). That reads the
// time-stamp counter, which traps in every thread until its process asks for the time so often that
// it pays. Then every instruction of the process that reads the counter becomes INT3 and the trap
// is lifted: as long as all its text is known.

namespace ttrace {
namespace {

/// What lies at a site that is made INT3 when it is needed, without prefixes: a trap of the CPU is
/// told by the same bytes (trapped_instruction()).
bool is_bare(const Memory& memory, Address at, const Site& site) {
  const auto trapped = trapped_instruction(memory, at);
  return trapped && trapped->kind == site.kind && trapped->length == site.length;
}

/// True if there was any.
bool forget_known_text(ClockAccess& clock, Address start, Address end) {
  return std::erase_if(clock.known_text, [&](const auto& text) {
           return text.first < end && start < text.second;
         }) != 0;
}

}  // namespace

/// New text of a process: what reads the counter there.
void RecordSession::note_counter_reads(RecordedSpace& space, const SitePlan* plan, Address start,
                                       std::uint64_t length, std::uint64_t offset) {
  const auto shows = [&](const SitePlan::FileRange& text) {
    return page_floor(text.begin) <= offset && offset + length <= page_ceil(text.end);
  };
  if (plan == nullptr || !plan->knows_counter_reads || std::ranges::none_of(plan->text, shows)) {
    return;
  }
  space.clock.known_text[start] = start + length;
  for (const Site& site : plan->counter_reads) {
    if (site.file_offset < offset || site.file_offset + site.length > offset + length) continue;
    space.clock.reads[start + (site.file_offset - offset)] = site;
  }
}

/// Other memory is mapped there, or none.
void RecordSession::forget_text(RecordedSpace& space, Address start, std::uint64_t length) {
  ClockAccess& clock = space.clock;
  const Address end = start + length;
  forget_known_text(clock, start, end);
  clock.reads.erase(clock.reads.lower_bound(start), clock.reads.lower_bound(end));
}

/// Before a call runs that may give the process text: the trap is back before any of its threads
/// goes on. Text that the program may have written is never known again.
void RecordSession::note_text_change(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  ClockAccess& clock = space.clock;
  const auto& args = thread.call.args;
  const Address start(args[0]);
  const Address end = start + page_ceil(args[1]);
  switch (thread.call.number) {
    case SYS_mmap:
      if ((args[2] & PROT_EXEC) == 0) return;
      break;
    case SYS_mprotect:
    case SYS_pkey_mprotect:
      if ((args[2] & PROT_EXEC) == 0) return;
      forget_known_text(clock, start, end);
      break;
    case SYS_shmat:
      if ((args[2] & SHM_EXEC) == 0) return;
      break;
    case SYS_madvise:  // the file's text is there again, without INT3
      if (!drops_pages(args[2]) || !forget_known_text(clock, start, end)) return;
      break;
    case SYS_mremap:
      if (forget_known_text(clock, start, end) || plan_of_stub(space.plans, start) != nullptr)
        break;
      return;
    default:
      return;
  }
  clock.opened = false;
  clock.calls = 0;
}

/// At a stop at RDTSC or RDTSCP. Stubs there are for the agent once it does not trap.
InstructionEvent RecordSession::answer_counter(RecordedSpace& space, InstructionEvent::Kind kind,
                                               Address at, std::uint8_t length) {
  if (space.agent_runs) ++space.clock.calls;
  return execute_here(kind, at, length);
}

/// All text of the process is known, and nobody writes any without our notice.
bool RecordSession::may_open_counter(const Thread& thread) const {
  const RecordedSpace& space = *thread.process->space;
  const ClockAccess& clock = space.clock;
  if (may_write_text()) return false;
  const auto is_known = [&](const MapLine& line) {
    if ((line.protection & PROT_EXEC) == 0 || line.name == "[vsyscall]") return true;
    if (line.start - kGatePage < kGateSize) return true;
    if (line.shared || (line.protection & PROT_WRITE) || line.inode == 0) return false;
    if (files_.is_plan(line.name) && plan_of_stub(space.plans, line.start) != nullptr) return true;
    const auto text = clock.known_text.upper_bound(line.start);
    return text != clock.known_text.begin() && line.end <= std::prev(text)->second;
  };
  // By the thread: of a process whose first thread has ended, nothing is shown.
  const std::vector<MapLine> lines = read_maps(Pid(thread.tid.value()));
  const auto is_gate = [](const MapLine& line) { return line.start == kGatePage; };
  return std::ranges::any_of(lines, is_gate) && std::ranges::all_of(lines, is_known) &&
         std::ranges::all_of(clock.reads, [&](const auto& read) {
           return space.patched.contains(read.first) ||
                  is_bare(space.memory, read.first, read.second);
         });
}

/// If the process asked for the time often: its known reads of the counter become INT3, and its
/// threads may read it.
void RecordSession::consider_opening_counter(const Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  ClockAccess& clock = space.clock;
  if (!clock.is_due()) return;
  clock.calls = 0;
  const auto make_int3 = [&](const auto& read) {
    const std::byte int3{0xcc};
    return !space.patched.emplace(read).second || space.memory.write(read.first, bytes_of(int3));
  };
  clock.opened = may_open_counter(thread) && std::ranges::all_of(clock.reads, make_int3);
  clock.worthwhile = clock.opened ? ClockAccess::kWorthwhile : 4 * clock.worthwhile;
}

/// Before a thread executes user code: it traps at reads of the counter or not, as its process has
/// it now. Where that has to wait, another stop comes before user code, but for `deliver`, a signal
/// that the program ignores: the counter is not opened there, and a thread that has it gets the
/// signal once more.
void RecordSession::follow_counter(Thread& thread) {
  const bool runs = thread.place == Thread::Place::boundary || thread.place == Thread::Place::user;
  const bool dies = thread.process->ending && thread.deliver != 0;
  if (!runs || dies || is_ending_a_call(thread)) return;
  ClockAccess& clock = thread.process->space->clock;
  if (may_write_text()) clock.opened = false;
  if (thread.deliver != 0 && !thread.counter_is_open) return;
  consider_opening_counter(thread);
  if (thread.counter_is_open != clock.opened) {
    const std::uint64_t mode = clock.opened ? PR_TSC_ENABLE : PR_TSC_SIGSEGV;
    const std::int64_t result =
        inject(thread.task(), InjectBy::syscall_stops, SYS_prctl, {PR_SET_TSC, mode, 0, 0, 0, 0});
    if (result != 0) throw SystemError("prctl(PR_SET_TSC)", int(-result));
    thread.counter_is_open = clock.opened;
  }
  // Where both have it the same way, switching between them is cheaper.
  if (std::exchange(counter_is_open_, thread.counter_is_open) != thread.counter_is_open) {
    set_time_trap(!thread.counter_is_open);
  }
}

}  // namespace ttrace
