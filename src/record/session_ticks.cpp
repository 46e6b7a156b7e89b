#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "record/session.h"
#include "rewrite/tick_counter.h"
#include "tracee/gate.h"

// Ticks: which binaries count, how far a thread may run, and what happens when it has.

namespace ttrace {
namespace {

constexpr Address kCounter{kTickCounterAddress};

/// More than any thread runs: for one that nobody waits for.
constexpr std::uint64_t kWithoutEnd = 1ull << 48;

/// While others exist but sleep: how often it is looked whether one has woken, in ticks.
constexpr std::uint64_t kLookAround = 1 << 18;

}  // namespace

/// The plan of text that is being mapped, or null if that is to run as it is.
std::shared_ptr<const TickPlan> RecordSession::usable_plan(const RecordedSpace& space,
                                                           const MappedFiles::File& file,
                                                           const Mapping& text) {
  if (file.ticks == nullptr) return nullptr;
  const bool is_loader = text.start == space.loader_start;
  if (is_loader && !scheduler_.counts_loader()) return files_.uncounted_plan_of(file);
  if (!file.ticks->plan && !file.ticks->refusal.empty()) {
    warn(text.name + " runs without ticks: " + file.ticks->refusal);
  }
  return file.ticks->plan;
}

/// Maps the plan of a binary (`original`: its object) over its text, which was just mapped. False
/// if it has nothing for it, or no room.
bool RecordSession::apply_plan(Thread& thread, const std::shared_ptr<const TickPlan>& plan,
                               std::uint32_t original, const Mapping& text, std::uint64_t offset,
                               std::vector<Mapping>& overlays, std::vector<AppliedPlan>& applied) {
  RecordedSpace& space = *thread.process->space;
  const std::uint32_t object = files_.enter_plan(*plan, text.name);
  std::uint64_t bias = 0;
  std::vector<Mapping> wanted = overlays_of(*plan, object, text, offset, true, bias);
  if (wanted.empty()) return false;
  const bool known = std::any_of(space.plans.begin(), space.plans.end(), [&](const ActivePlan& p) {
    return &p.plan() == plan.get() && p.bias() == bias;
  });
  if (known) wanted = overlays_of(*plan, object, text, offset, false, bias);

  if (!map_overlays(thread, plan->fd(), wanted)) {
    if (plan->due_count() != 0) {
      warn(text.name + " runs without ticks: there is no room beside it");
    }
    return false;
  }
  if (!known) space.plans.emplace_back(plan, bias, original);
  overlays.insert(overlays.end(), wanted.begin(), wanted.end());
  applied.push_back({object, original, bias});
  return true;
}

/// Maps parts of a plan file (descriptor `plan` of ours) in the thread's address space; all or, if
/// there is no room for the stubs, which are not part of the text, nothing.
bool RecordSession::map_overlays(Thread& thread, int plan, const std::vector<Mapping>& overlays) {
  RecordedSpace& space = *thread.process->space;
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(plan);
  space.memory.write(kGateData, std::as_bytes(std::span(path.c_str(), path.size() + 1)));
  const bool needs_room =
      overlays.front().name == kStubsName && space.rooms.erase(overlays.front().start) == 0;
  std::vector<InjectedCall> calls = {
      {SYS_openat, {std::uint64_t(AT_FDCWD), kGateData.value(), O_RDONLY | O_CLOEXEC, 0, 0, 0}}};
  // The first that fails is the last: without room for the stubs the text stays as it is.
  for (const Mapping& overlay : overlays) {
    const bool is_first = &overlay == &overlays.front();
    const std::uint64_t fixed = is_first && needs_room ? MAP_FIXED_NOREPLACE : MAP_FIXED;
    calls.push_back({SYS_mmap,
                     {overlay.start.value(), overlay.length, std::uint64_t(overlay.protection),
                      MAP_PRIVATE | fixed, kFirstResult, overlay.backing->offset}});
  }
  calls.push_back({SYS_close, {kFirstResult, 0, 0, 0, 0, 0}});
  inject_batch(thread.task(), space.memory, calls);
  if (calls.back().number == 0) return true;
  if (const std::int64_t fd = calls.front().number; fd >= 0) {
    std::array<InjectedCall, 1> close = {{{SYS_close, {std::uint64_t(fd), 0, 0, 0, 0, 0}}}};
    inject_batch(thread.task(), space.memory, close);
  }
  return false;
}

/// The loader has mapped a library as a whole, for the first time: the stubs of its plan belong
/// right before it. Keeps that place, or moves the library to where there is one.
void RecordSession::make_room(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const auto& args = call.args;
  const bool is_whole =
      args[5] == 0 && !(args[3] & MAP_FIXED) && (args[3] & MAP_TYPE) == MAP_PRIVATE;
  const TickPlanCache::Entry* ticks =
      is_whole ? files_.ticks_of(thread.tid, int(args[4])) : nullptr;
  if (ticks == nullptr || !ticks->plan || ticks->plan->stubs().length == 0) return;
  RecordedSpace& space = *thread.process->space;
  const std::uint64_t size = ticks->plan->stubs().length;
  const auto map = [](std::uint64_t at, std::uint64_t length, std::uint64_t protection,
                      std::uint64_t flags, std::uint64_t fd) {
    return InjectedCall{SYS_mmap, {at, length, protection, flags, fd, 0}};
  };
  const auto run = [&](std::initializer_list<InjectedCall> list) {
    std::vector<InjectedCall> calls = list;
    inject_batch(thread.task(), space.memory, calls);
    return calls.front().number;
  };
  constexpr std::uint64_t kReserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const auto image = std::uint64_t(call.result);
  const auto before = std::int64_t(image - size);
  if (run({map(image - size, size, PROT_NONE, kReserve | MAP_FIXED_NOREPLACE, ~0ull)}) == before) {
    space.rooms.insert(Address(image - size));
    return;
  }
  const std::int64_t room = run({map(0, size + page_ceil(args[1]), PROT_NONE, kReserve, ~0ull)});
  if (room < 0) return;
  const std::uint64_t moved = std::uint64_t(room) + size;
  const bool is_moved =
      run({map(moved, args[1], args[2], args[3] | MAP_FIXED, args[4])}) == std::int64_t(moved);
  const InjectedCall give_back =
      is_moved
          ? InjectedCall{SYS_munmap, {image, page_ceil(args[1]), 0, 0, 0, 0}}
          : InjectedCall{SYS_munmap, {std::uint64_t(room), size + page_ceil(args[1]), 0, 0, 0, 0}};
  run({give_back});
  if (!is_moved) return;
  space.rooms.insert(Address(std::uint64_t(room)));
  exit.result = std::int64_t(moved);
  thread.regs.rax = moved;
  thread.regs.orig_rax = ~0ull;  // a batch ends at the entry of a call, which must not run
  thread.task().set_registers(thread.regs);
}

void RecordSession::set_counter(RecordedSpace& space, std::uint64_t ticks) {
  space.counter = ticks;
  space.memory.write(kCounter, bytes_of(ticks));
}

/// Before a thread executes user code.
void RecordSession::start_quantum(Thread& thread) {
  if (options_.counters != nullptr) return arm_counter(thread);
  RecordedSpace& space = *thread.process->space;
  if (space.plans.empty()) return;
  if (space.counting == thread.tid && space.counter != 0) return;
  space.counting = thread.tid;
  space.looks_around = threads_.size() == 1;
  if (space.looks_around) {
    set_counter(space, kWithoutEnd);
  } else {
    set_counter(
        space, thread.asked_untraced ? Scheduler::kLongestQuantum : scheduler_.quantum(thread.tid));
  }
}

/// The next quantum is drawn anew, however much is left of this one.
void RecordSession::renew_quantum(Thread& thread) {
  thread.process->space->counting = Tid();
  thread.counted.quantum_left = 0;
}

/// After a thread has executed user code: how far it came.
void RecordSession::note_ticks(Thread& thread) {
  if (options_.counters != nullptr) return note_counted(thread);
  RecordedSpace& space = *thread.process->space;
  if (space.plans.empty() || space.counting != thread.tid) return;
  agent::Head head;
  if (!space.memory.read_value(kGateWritable, head)) return;
  if (threads_.size() > 1) {
    result_.contended_ticks += space.counter - head.ticks;
    scheduler_.ran(space.counter - head.ticks);
  }
  if (head.used != 0) take_records(thread, head);
  thread.ticks += space.counter - head.ticks;
  space.counter = head.ticks;
}

/// A signal is held: stop after so many ticks at most. Nothing may write the counter while the
/// thread is about to count: it is stepped out of there first.
void RecordSession::stop_within(Thread& thread, std::uint64_t ticks) {
  if (options_.counters != nullptr) return settle_within(thread, ticks);
  RecordedSpace& space = *thread.process->space;
  if (space.plans.empty() || space.counter <= ticks) return;
  const Tid tid = thread.tid;
  bool stepped = false;
  for (;;) {
    // A stub may lead into the agent.
    if (agent::is_in_agent(thread.regs.rip)) {
      if (!leave_agent(thread, thread.task().signal_info())) return;
      continue;
    }
    if (!is_counting(space.plans, Address(thread.regs.rip))) break;
    stepped = true;
    thread.task().resume(Resume::step);
    const int status = wait_for_stop(tid);
    const StopStatus stop = understand(status);
    if (stop.kind != StopStatus::Kind::signal || stop.value != SIGTRAP ||
        thread.task().signal_info().si_code != TRAP_TRACE) {
      return handle(thread, status);  // due, or another signal, which comes here again
    }
    thread.regs = thread.task().registers();
  }
  if (stepped) repair_forced_signal(thread, SIGTRAP);
  note_ticks(thread);
  if (space.counter > ticks) set_counter(space, ticks);
}

/// The counter reached zero: the thread stands at a counted place, exactly. True if it was that.
bool RecordSession::on_due(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  const Address int3(thread.regs.rip - 1);
  const ActivePlan* plan = plan_of_stub(space.plans, int3);
  if (plan == nullptr || !plan->is_due(int3)) return false;
  repair_forced_signal(thread, SIGTRAP);
  const auto due = plan->due(int3, thread.regs, [&](std::uint64_t at, std::uint64_t& value) {
    return space.memory.read_value(Address(at), value);
  });
  if (!due) return false;

  if (deliver_held(thread, Address(due->target))) return true;
  thread.regs.rip = due->resume;
  thread.task().set_registers(thread.regs);
  if (!leave_if_awaited(thread, SwitchEvent{Address(due->target)})) {
    thread.place = Thread::Place::user;
    set_counter(space, threads_.size() == 1 ? kWithoutEnd : kLookAround);
  }
  return true;
}

/// A thread stands at a place that a replay finds again: true if a signal was held, and its handler
/// begins. `at`: where the frame says that it was interrupted.
bool RecordSession::deliver_held(Thread& thread, Address at) {
  const auto held = std::find_if(
      thread.held_signals.begin(), thread.held_signals.end(), [&](const HeldSignal& h) {
        return !h.queued && !(thread.signal_mask >> (h.info.si_signo - 1) & 1);
      });
  if (held == thread.held_signals.end()) return false;
  const siginfo_t info = held->info;
  thread.held_signals.erase(held);
  thread.regs.rip = at.value();
  thread.task().set_registers(thread.regs);
  thread.place = Thread::Place::boundary;
  thread.task().set_signal_info(info);
  deliver(thread, info, false);
  return true;
}

/// A thread stands at a place that a replay finds again, which `event` names, and its quantum is
/// over: false if nobody waits for it to leave.
bool RecordSession::leave_if_awaited(Thread& thread, EventBody event) {
  collect_woken();
  if (!others_ready(thread) && held_back_ends_.empty()) {
    thread.process->space->looks_around = true;
    return false;
  }
  scheduler_.preempted(thread.tid);
  append(thread, std::move(event));
  thread.place = Thread::Place::boundary;
  thread.preempted = true;
  renew_quantum(thread);
  if (!begin_walk(thread)) want_switch_ = true;
  return true;
}

}  // namespace ttrace
