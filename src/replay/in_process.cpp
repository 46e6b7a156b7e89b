#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <tuple>

#include "agent/abi.h"
#include "agent/calls.h"
#include "replay/arrival.h"
#include "replay/state.h"
#include "syscalls/table.h"
#include "tracee/gate.h"

// Stretches of system calls and other instructions that the agent replays inside the host process,
// without a stop for each (docs/decisions/0013). What it takes are the ordinary events: it does not
// matter whether they were recorded in the same way. Whatever is not as the records say takes the
// traced path, and is judged there.

namespace ttrace {
namespace {

constexpr std::uint64_t kLeastCalls = 2;

/// What was written are outputs that the program could have written itself. (Those of a call that
/// failed, or that changed memory through /proc/self/mem, may lie where it cannot.)
bool writes_where_it_may(const PlainCall& call) {
  if (call.write_count == 0) return true;
  const agent::Call* const known = agent::kCallTable.of(std::uint64_t(call.entry.number));
  if (known == nullptr || call.result < 0) return false;
  const auto is_output = [&](const PlainCall::Write& write) {
    return std::ranges::any_of(known->outputs, [&](const agent::Output& output) {
      return output.extent != agent::Extent::none &&
             call.entry.args[output.argument] == write.at.value();
    });
  };
  return std::ranges::all_of(call.written(), is_output);
}

/// Calls of which apply() does more than to write and to set the result.
bool has_other_effects(std::int64_t number) {
  constexpr std::int64_t kOthers[] = {SYS_process_vm_writev, SYS_prctl, SYS_setrlimit,
                                      SYS_prlimit64};
  return std::find(std::begin(kOthers), std::end(kOthers), number) != std::end(kOthers);
}

/// The agent knows where these have what they write.
bool has_known_data(const PlainCall& call) {
  if (call.written_digest == 0) return true;
  const bool known = call.entry.number == SYS_write || call.entry.number == SYS_pwrite64 ||
                     call.entry.number == SYS_sendto;
  return known && call.result > 0 && std::uint64_t(call.result) <= call.entry.args[2];
}

/// What the agent can do in place of apply().
bool is_for_agent(const PlainCall& call) {
  const SyscallRow* row = syscall_row(call.entry.number);
  const bool may = row != nullptr &&
                   (row->handling == Handling::plain || row->handling == Handling::signal_state);
  return may && !is_restart(call.result) && !has_other_effects(call.entry.number) &&
         writes_where_it_may(call) && has_known_data(call);
}

/// The agent can set what it sets.
bool is_for_agent(const InstructionEvent& instruction) {
  return instruction.results.size() <= agent::kMostResults &&
         std::ranges::all_of(instruction.results,
                             [](const auto& result) { return agent::can_set(result.first); });
}

template <class T>
void append(Bytes& out, const T& value) {
  const ByteView bytes = bytes_of(value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_record(Bytes& out, const InstructionEvent& instruction, std::uint64_t ticks) {
  agent::Record record;
  record.size = sizeof record;
  record.number = agent::kInstructionNumber;
  std::ranges::fill(record.results, agent::kNoRegister);
  record.rip = instruction.rip.value() + instruction.length;
  record.ticks = ticks;
  for (std::size_t i = 0; i < instruction.results.size(); ++i) {
    std::tie(record.results[i], record.args[i]) = instruction.results[i];
  }
  append(out, record);
}

void append_record(Bytes& out, const PlainCall& call, std::uint64_t ticks) {
  agent::Record record;
  record.number = std::uint16_t(call.entry.number);
  record.writes = std::uint16_t(call.write_count);
  record.digest = call.entry.digest;
  record.written_digest = call.written_digest;
  record.rip = call.entry.rip.value();
  record.ticks = ticks;
  record.result = call.result;
  std::ranges::copy(call.entry.args, record.args);
  std::uint64_t size = sizeof record;
  for (const PlainCall::Write& write : call.written()) {
    size += sizeof(agent::Write) + agent::padded(write.data.size());
  }
  record.size = std::uint32_t(size);
  append(out, record);
  for (const PlainCall::Write& write : call.written()) {
    append(out, agent::Write{write.at.value(), write.data.size()});
    out.insert(out.end(), write.data.begin(), write.data.end());
    out.resize(out.size() + (agent::padded(write.data.size()) - write.data.size()));
  }
}

/// Calls `use` with each record's ticks.
void for_each_ticks(Bytes& records, const auto& use) {
  for (std::size_t at = 0; at < records.size();) {
    agent::Record record;
    std::memcpy(&record, records.data() + at, sizeof record);
    use(record.ticks);
    std::memcpy(records.data() + at, &record, sizeof record);
    at += record.size;
  }
}

}  // namespace

void Replayer::State::turn_agent_off(ReplaySpace& space) {
  if (!space.agent_runs) return;
  const std::uint64_t off = 0;
  const Memory& memory = space.host->memory();
  memory.write(kGateWritable + offsetof(agent::Head, enter), bytes_of(off));
  memory.write(kGateWritable + offsetof(agent::Head, mode), bytes_of(off));
  space.agent_runs = false;
}

/// Appends to `records` that of the event if the agent may do what it is about, with the event's
/// own ticks after `sum` others; `sum` then includes them. Otherwise nothing changes.
bool Replayer::State::give_record(const ReplayContext& thread, EventNumber number,
                                  std::uint64_t& sum) {
  if (const auto plain = trace.plain_call(number)) {
    if (plain->tid != thread.tid || !is_for_agent(*plain)) return false;
    sum += plain->ticks.value();
    append_record(records, *plain, sum);
    return true;
  }
  const Event& event = trace.event(number);
  const auto* instruction = std::get_if<InstructionEvent>(&event.body);
  if (event.tid != thread.tid || instruction == nullptr || !is_for_agent(*instruction)) {
    return false;
  }
  sum += event.ticks.value();
  append_record(records, *instruction, sum);
  return true;
}

/// Puts the next calls of the thread, as far as the agent can replay them, into its records.
/// Returns how many; `ticks` says what the counter holds at each, the first element before all.
std::uint64_t Replayer::State::give_records(ReplayContext& thread, const ReplayLimits& limits,
                                            std::vector<std::uint64_t>& ticks) {
  const ReplaySpace& space = *thread.process->space;
  std::uint64_t end = std::min(trace.event_count() - 1, next + space.most_given);
  if (limits.before_event) end = std::min(end, limits.before_event->value());
  if (limits.place) end = std::min(end, limits.place->event.value());
  const bool is_awaited = limits.pause_after || limits.interrupt != nullptr;
  records.clear();
  std::uint64_t calls = 0;
  std::uint64_t sum = 0;
  for (; next + calls < end; ++calls) {
    const std::size_t size = records.size();
    std::uint64_t with_this = sum;
    if (!give_record(thread, EventNumber(next + calls), with_this)) break;
    // Nor longer than a checkpoint or an interrupt of the user may wait for.
    if (records.size() > agent::kRecordsSize || (is_awaited && with_this > slice)) {
      records.resize(size);
      break;
    }
    sum = with_this;
  }
  if (calls < kLeastCalls) return 0;
  // What the counter holds, which counts down. One more than to the last call: a thread that counts
  // as far before it has gone elsewhere.
  const std::uint64_t begin = sum - thread.ticks + 1;
  ticks.push_back(begin);
  for_each_ticks(records, [&](std::uint64_t& value) {
    value = begin - (value - thread.ticks);
    ticks.push_back(value);
  });
  agent::Head head;
  space.host->memory().read_value(kGateWritable, head);
  head.ticks = begin;
  head.enter = agent::kEntry;
  head.mode = agent::Mode::replay;
  head.used = 0;
  head.records = 0;
  head.leave = 0;
  head.size = records.size();
  space.host->memory().write(Address(agent::kRecordsAddress), records);
  space.host->memory().write(kGateWritable, bytes_of(head));
  return calls;
}

/// Not where somebody wants to see what happens on the way.
bool Replayer::State::may_run_in_process(const ReplayContext& thread,
                                         const ReplayLimits& limits) const {
  const ReplaySpace& space = *thread.process->space;
  const bool steps = limits.step && *limits.step == thread.tid;
  if (!uses_agent || steps || limits.stop_at_calls || !space.breakpoints.empty() ||
      !space.watches.empty() || space.plans.empty()) {
    return false;
  }
  if (limits.process) {
    const ReplaySpace* watched = space_of(*limits.process);
    if (watched != nullptr && !watched->watches.empty()) return false;
  }
  return std::all_of(space.plans.begin(), space.plans.end(), [](const ActivePlan& plan) {
    return plan.plan().planner() == kTickPlannerVersion;
  });
}

/// Brings the thread past as many of its next calls as the agent can replay at once. Nothing: there
/// are none worth it. `arrived`: it then met what the event is about that is next now.
std::optional<Replayer::State::Outcome> Replayer::State::run_in_process(
    ReplayContext& thread, const ReplayLimits& limits) {
  if (!may_run_in_process(thread, limits)) return {};
  ReplaySpace& space = *thread.process->space;
  std::vector<std::uint64_t> ticks;
  const std::uint64_t given = give_records(thread, limits, ticks);
  if (given == 0) return {};
  space.agent_runs = true;
  rewind_interrupted_call(thread);
  load(thread);
  const GeneralRegisters before = thread.regs;
  // Not to be interrupted: it might stand inside the agent.
  const auto stop = space.host->run(Resume::emulate, nullptr);
  thread.regs = space.host->task().registers();
  agent::Head head;
  space.host->memory().read_value(kGateWritable, head);
  turn_agent_off(space);
  const std::uint64_t done = std::min(head.records, given);
  if (done > 0) thread.ticks = thread.steps = 0;
  thread.ticks += ticks[done] - head.ticks;
  next += done;
  const bool is_trap = stop->kind == StopStatus::Kind::signal && stop->value == SIGTRAP;
  const std::uint64_t int3 = thread.regs.rip - 1;
  if (is_trap && (int3 == agent::kLeftDone || int3 == agent::kLeftInstruction)) {
    thread.regs.rip = int3 == agent::kLeftDone ? thread.regs.rcx : head.goes_on;
    if (int3 == agent::kLeftDone && done > 0) {
      // As a call that is traced leaves it, for what may follow without execution: a signal.
      const SyscallEntry* last = entry_of(trace.event(EventNumber(next - 1)).body);
      thread.regs.orig_rax = std::uint64_t(last->number);
    }
    thread.instructions = 0;
    space.most_given = std::min(2 * space.most_given, ReplaySpace::kMostGiven);
    return Outcome::ticked;
  }
  thread.instructions.reset();
  const Event& event = trace.event(EventNumber(next));
  const Outcome outcome = understand(thread, event, {before, {}, false}, *stop);
  if (outcome == Outcome::arrived && done < given) {
    space.most_given = std::clamp(2 * done, kLeastCalls, ReplaySpace::kMostGiven);
  }
  return outcome;
}

}  // namespace ttrace
