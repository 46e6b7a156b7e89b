#include "replay/diversion.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/shown_memory.h"
#include "replay/state.h"
#include "rewrite/tick_counter.h"
#include "tracee/single_step.h"
#include "tracee/wake_timer.h"

namespace ttrace {
namespace {

using namespace std::chrono_literals;

/// No stretch of a call counts that far.
constexpr std::uint64_t kWithoutEnd = 1ull << 62;

}  // namespace

std::unique_ptr<Diversion> Replayer::divert(Pid pid) const {
  // Of all processes: what they share must not be shared with the copy.
  const std::unique_ptr<State> copy = state_->fork();
  for (const auto& [tid, thread] : copy->threads) {
    if (thread->process->pid == pid) {
      return std::make_unique<Diversion>(pid, thread->process->space, *this, state_->trace);
    }
  }
  throw Error("process " + std::to_string(pid.value()) + " does not exist here");
}

Diversion::Diversion(Pid pid, std::shared_ptr<ReplaySpace> copy, const Replayer& replay,
                     TraceReader& trace)
    : pid_(pid), space_(std::move(copy)), trace_(trace) {
  for (const ReplayThread& thread : replay.threads(pid)) {
    Registers& registers = registers_[thread.tid];
    registers = {replay.registers(thread.tid), replay.vector_state(thread.tid)};
    in_replay_[thread.tid] = registers.general;
  }
  // Nothing here has to be the same twice.
  space_->host->call(SYS_prctl, {PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0, 0});
}

Diversion::~Diversion() = default;

const Diversion::Registers& Diversion::registers(Tid tid) const { return registers_.at(tid); }

void Diversion::set_registers(Tid tid, Registers registers) {
  registers_.at(tid) = std::move(registers);
}

bool Diversion::is_away(Tid tid) const {
  const auto now = registers_.find(tid);
  if (now == registers_.end()) return false;
  const GeneralRegisters& then = in_replay_.at(tid);
  return now->second.general.rip != then.rip || now->second.general.rsp != then.rsp;
}

std::size_t Diversion::read_memory(Address at, std::span<std::byte> into) const {
  return read_shown(*space_, at, into,
                    [&](std::uint32_t object, std::uint64_t offset, std::span<std::byte> bytes) {
                      Fd& file = objects_[object];
                      if (!file) file = trace_.open_object(object);
                      (void)!pread(file.value(), bytes.data(), bytes.size(), off_t(offset));
                    });
}

bool Diversion::write_memory(Address at, ByteView bytes) {
  if (!space_->host->memory().write(at, bytes)) return false;
  const std::byte trap{0xcc};
  for (auto it = space_->breakpoints.lower_bound(at);
       it != space_->breakpoints.end() && it->first < at + bytes.size(); ++it) {
    it->second.covered = bytes[it->first - at];
    space_->host->memory().write(it->first, std::span(&trap, 1));
  }
  return true;
}

bool Diversion::insert_breakpoint(Address at) {
  bool inserted = false;
  for (const Address place : places_of(*space_, at)) inserted |= space_->insert_breakpoint(place);
  return inserted;
}

void Diversion::remove_breakpoint(Address at) {
  for (const Address place : places_of(*space_, at)) space_->remove_breakpoint(place);
}

Diversion::Stop Diversion::run(Tid tid, const Limits& limits) {
  const WakeTimer timer(50ms);
  Registers& thread = registers_.at(tid);
  HostProcess& host = *space_->host;
  // Where the debugger sees the thread may be an instruction that lies elsewhere in patched text.
  const std::vector<Address> places = places_of(*space_, Address(thread.general.rip));
  GeneralRegisters regs = thread.general;
  if (!places.empty()) regs.rip = places.back().value();
  host.memory().write(Address(kTickCounterAddress), bytes_of(kWithoutEnd));
  if (!thread.vector_state.empty()) host.task().set_vector_state(thread.vector_state);

  std::optional<Stop> stop;
  while (!stop) {
    if (limits.interrupt != nullptr && limits.interrupt->load()) {
      stop = Stop{Stop::Kind::interrupted, SIGINT, {}};
      break;
    }
    const GeneralRegisters before = regs;
    regs.orig_rax = ~0ull;
    host.task().set_registers(regs);
    const auto status = limits.step ? host.run(Resume::emulate_step, nullptr)
                                    : host.run(Resume::emulate, limits.interrupt);
    regs = host.task().registers();
    if (limits.step) hide_trap_flag(host.memory(), Address(before.rip), regs);
    if (!status) continue;  // the loop's head sees why
    if (status->kind == StopStatus::Kind::syscall) {
      stop = system_call(tid, regs, limits);
    } else if (status->value == SIGTRAP) {
      stop = trapped(regs);
    } else {
      stop = Stop{Stop::Kind::signal, status->value, {}};
    }
    if (limits.step && !stop && !is_counting(space_->plans, Address(regs.rip))) {
      stop = Stop{Stop::Kind::stepped, SIGTRAP, {}};
    }
  }
  thread.general = outside_stubs(space_->plans, regs);
  thread.vector_state = host.task().vector_state();
  return *stop;
}

/// A SIGTRAP: a breakpoint, one of the recorder's traps (executed for real here), or a step.
std::optional<Diversion::Stop> Diversion::trapped(GeneralRegisters& regs) {
  if (space_->host->task().signal_info().si_code != SI_KERNEL) return {};
  const Address at(regs.rip - 1);
  if (space_->breakpoints.contains(at)) {
    regs.rip = at.value();
    return Stop{Stop::Kind::breakpoint, SIGTRAP, {}};
  }
  bool ours = false;
  for (auto it = space_->patched.find(at); it != space_->patched.end() && it->first - at < 16;
       it = space_->patched.erase(it)) {
    ours = true;
    space_->host->memory().write(it->first, std::span(&it->second, 1));
  }
  if (!ours) return Stop{Stop::Kind::signal, SIGTRAP, {}};
  regs.rip = at.value();
  return {};
}

}  // namespace ttrace
