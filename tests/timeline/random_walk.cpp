// Walks over a trace at random, forwards and backwards, and checks that every place it came to is
// one that a fresh replay reproduces: random_walk TRACE COMMANDS SEED. Exits with 1 and a message
// if not.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "replay/timeline.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

std::string text_of(const Position& at) {
  std::ostringstream out;
  out << "(event " << at.event.value();
  if (!at.at_event()) out << ", ticks " << at.ticks << ", steps " << at.steps;
  out << ")";
  return out.str();
}

/// What must be the same at the same place.
struct State {
  std::map<Tid, GeneralRegisters> registers;  ///< of all threads
  std::map<Tid, Bytes> vectors;               ///< XSAVE images
  std::map<Pid, std::uint64_t> digests;       ///< these and all memory
};

/// "thread 12: register 16 is 1, not 2", for the first difference; empty if there is none.
std::string difference(const State& one, const State& other) {
  if (one.registers.size() != other.registers.size()) return "there are other threads";
  for (const auto& [tid, regs] : one.registers) {
    const auto found = other.registers.find(tid);
    if (found == other.registers.end()) return "there are other threads";
    for (unsigned i = 0; i < kRegisterCount; ++i) {
      if (register_at(regs, i) == register_at(found->second, i)) continue;
      std::ostringstream out;
      out << "thread " << tid.value() << ": register " << i << " is " << std::hex
          << register_at(found->second, i) << ", not " << register_at(regs, i);
      return out.str();
    }
  }
  if (one.digests == other.digests) return {};
  for (const auto& [tid, vectors] : one.vectors) {
    const Bytes& others = other.vectors.at(tid);
    const std::size_t size = std::min(vectors.size(), others.size());
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_header = i >= 512 && i < 576;
      if (is_header || vectors[i] == others[i]) continue;
      return "thread " + std::to_string(tid.value()) + ": byte " + std::to_string(i) +
             " of the vector registers is " + std::to_string(unsigned(others[i])) + ", not " +
             std::to_string(unsigned(vectors[i]));
    }
  }
  return "memory differs";
}

State state_of(const Replayer& replay) {
  State state;
  for (const ReplayThread& thread : replay.threads()) {
    GeneralRegisters regs = replay.registers(thread.tid);
    regs.eflags &= ~kFlagsOfTheWay;
    state.registers[thread.tid] = regs;
    state.vectors[thread.tid] = replay.vector_state(thread.tid);
    if (!state.digests.contains(thread.pid)) {
      state.digests[thread.pid] = replay.process_digest(thread.pid);
    }
  }
  return state;
}

class Walk {
 public:
  Walk(TraceReader& trace, unsigned seed) : trace_(trace), timeline_(trace), random_(seed) {
    limits_.begin = just_before(EventNumber(1));
    limits_.end = Position{EventNumber(trace.event_count() - 1)};
    limits_.stops_at_signal = [](int) { return true; };
    for (std::uint64_t i = 0; i < trace.event_count(); ++i) {
      if (std::holds_alternative<ExecEvent>(trace.event(EventNumber(i)).body)) {
        execs_.emplace_back(i, trace.event(EventNumber(i)).tid);
      }
    }
    timeline_.seek({EventNumber(trace.event_count() / 2)});
    note("begin");
  }

  void command() {
    choose_process();
    switch (number(10)) {
      case 0:
        return go("goto",
                  [&] { timeline_.seek({EventNumber(1 + number(trace_.event_count() - 2))}); });
      case 1:
        return go("return", [&] { timeline_.seek(any_place()); });
      case 2:
      case 3:
        return step_forward();
      case 4:
      case 5:
        return step_backward();
      case 6:
        return run(false);
      case 7:
        return run_to_call(number(3) != 0);
      default:
        return run(true);
    }
  }

  /// Every place again, in order, by a replay that only goes forwards.
  void check_all(bool uses_agent) {
    Replayer fresh(trace_);
    fresh.use_agent(uses_agent);
    for (const auto& [at, state] : places_) {
      ReplayLimits limits;
      if (at.at_event()) {
        limits.before_event = at.event;
      } else {
        limits.place = at;
      }
      fresh.run(limits);
      if (fresh.place() != at) fail("a fresh replay does not come to " + text_of(at));
      compare(at, state, state_of(fresh), "a fresh replay");
    }
  }

  std::size_t places() const { return places_.size(); }

 private:
  std::uint64_t number(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(what + "\n  commands: " + log_);
  }

  void compare(const Position& at, const State& one, const State& other, const std::string& who) {
    const std::string what = difference(one, other);
    if (!what.empty()) fail(who + " at " + text_of(at) + ": " + what);
  }

  Position any_place() {
    auto it = places_.begin();
    std::advance(it, number(places_.size()));
    return it->first;
  }

  void note(const std::string& what) {
    const Position at = timeline_.position();
    log_ += what + " " + text_of(at) + "; ";
    if (log_.size() > 2000) log_.erase(0, log_.size() - 2000);
    const State state = state_of(timeline_.now());
    const auto [place, is_new] = places_.emplace(at, state);
    if (!is_new) compare(at, place->second, state, "the walk");
    for (const ReplayThread& thread : timeline_.now().threads(limits_.process)) {
      const GeneralRegisters regs = timeline_.now().registers(thread.tid);
      codes_[limits_.process].emplace_back(regs.rip);
      data_[limits_.process].emplace_back(regs.rsp + 8 * number(16));
    }
  }

  void go(const std::string& what, const std::function<void()>& move) {
    try {
      move();
      note(what);
    } catch (const Error& error) {
      fail(std::string(error.what()) + " after " + what);
    }
  }

  void choose_process() {
    const auto threads = timeline_.now().threads();
    if (threads.empty()) {
      timeline_.seek(any_place());
      return choose_process();
    }
    limits_.process = threads[number(threads.size())].pid;
    limits_.barriers.clear();
    for (const auto& [event, tid] : execs_) {
      const auto* exec = std::get_if<ExecEvent>(&trace_.event(EventNumber(event)).body);
      if (exec->pid == limits_.process) limits_.barriers.emplace_back(event);
    }
    limits_.step.reset();
  }

  Tid any_thread() {
    const auto threads = timeline_.now().threads(limits_.process);
    return threads[number(threads.size())].tid;
  }

  void step_forward() {
    limits_.step = any_thread();
    go("step", [&] { timeline_.run_forward(limits_); });
  }

  void step_backward() {
    const Position from = timeline_.position();
    limits_.step = any_thread();
    go("step-back", [&] { timeline_.run_backward(limits_); });
    const Position to = timeline_.position();
    if (to >= from && from > limits_.begin) fail("a step backwards goes to " + text_of(to));
    if (number(4) != 0 || to <= limits_.begin) return;
    // The step forwards from there leads back, or further.
    const ReplayStop stop = timeline_.run_forward(limits_);
    const Position again = timeline_.position();
    if (stop.kind == ReplayStop::Kind::stepped && again < from &&
        again.event != limits_.end.event && !is_barrier(again)) {
      fail("a step backwards from " + text_of(from) + " skips " + text_of(again));
    }
    note("step-again");
  }

  bool is_barrier(const Position& at) const {
    return std::any_of(limits_.barriers.begin(), limits_.barriers.end(), [&](EventNumber barrier) {
      return at.event == barrier || at.event.value() == barrier.value() + 1;
    });
  }

  /// To the next system call that begins or ends.
  void run_to_call(bool backwards) {
    limits_.stops_at_call = [](std::int64_t, bool) { return true; };
    const Position from = timeline_.position();
    ReplayStop stop;
    go(backwards ? "call-back" : "call-on", [&] {
      stop = backwards ? timeline_.run_backward(limits_) : timeline_.run_forward(limits_);
    });
    const bool at_call =
        stop.kind == ReplayStop::Kind::call || stop.kind == ReplayStop::Kind::call_return;
    if (backwards && at_call) {
      const Position here = timeline_.position();
      if (here >= from) fail("a run backwards from " + text_of(from) + " ends at " + text_of(here));
      timeline_.run_forward(limits_);
      const Position next = timeline_.position();
      if (next < from && !is_barrier(next)) {
        fail("a run backwards to the call at " + text_of(here) + " skips " + text_of(next));
      }
      note("call-again");
    }
    limits_.stops_at_call = {};
    if (timeline_.now().threads().empty()) timeline_.seek(any_place());
  }

  /// With breakpoints or a watchpoint somewhere. A long one has no debug register.
  void run(bool backwards) {
    std::vector<Address> breakpoints;
    std::optional<WatchRange> watch;
    const auto& codes = codes_[limits_.process];
    const auto& data = data_[limits_.process];
    if (!data.empty() && number(3) == 0) {
      watch = {WatchRange::Kind::write, data[number(data.size())], number(2) == 0 ? 4u : 200u};
      timeline_.set_watchpoint(limits_.process, *watch);
    } else if (!codes.empty()) {
      for (int i = 0; i < 2; ++i) breakpoints.push_back(codes[number(codes.size())]);
      for (const Address at : breakpoints) timeline_.set_breakpoint(limits_.process, at);
    }
    const Position from = timeline_.position();
    const std::string what = std::string(watch ? "watch-" : "run-") + (backwards ? "back" : "on");
    ReplayStop stop;
    go(what, [&] {
      stop = backwards ? timeline_.run_backward(limits_) : timeline_.run_forward(limits_);
    });
    if (backwards && stop.kind == ReplayStop::Kind::breakpoint) {
      check_last(from, stop.tid, breakpoints);
    }
    if (watch) timeline_.remove_watchpoint(limits_.process, *watch);
    for (const Address at : breakpoints) timeline_.remove_breakpoint(limits_.process, at);
    if (timeline_.now().threads().empty()) timeline_.seek(any_place());
  }

  /// Nothing else would have stopped between the present and `from`.
  void check_last(const Position& from, Tid tid, const std::vector<Address>& breakpoints) {
    const Position here = timeline_.position();
    if (here >= from) fail("a run backwards from " + text_of(from) + " ends at " + text_of(here));
    for (const Address at : breakpoints) timeline_.remove_breakpoint(limits_.process, at);
    limits_.step = tid;
    timeline_.run_forward(limits_);
    limits_.step.reset();
    for (const Address at : breakpoints) timeline_.set_breakpoint(limits_.process, at);
    if (timeline_.position() >= from) return;
    timeline_.run_forward(limits_);
    const Position next = timeline_.position();
    if (next < from && !is_barrier(next)) {
      fail("a run backwards from " + text_of(from) + " to " + text_of(here) + " skips " +
           text_of(next));
    }
  }

  TraceReader& trace_;
  Timeline timeline_;
  std::mt19937 random_;
  TimelineLimits limits_;
  std::vector<std::pair<std::uint64_t, Tid>> execs_;
  std::map<Position, State> places_;
  std::map<Pid, std::vector<Address>> codes_;
  std::map<Pid, std::vector<Address>> data_;
  std::string log_;
};

}  // namespace
}  // namespace ttrace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: random_walk TRACE COMMANDS SEED\n";
    return 2;
  }
  try {
    ttrace::TraceReader trace(argv[1]);
    ttrace::Walk walk(trace, unsigned(std::atoi(argv[3])));
    for (int i = std::atoi(argv[2]); i > 0; --i) walk.command();
    walk.check_all(true);
    walk.check_all(false);
    std::cout << walk.places() << " places\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << argv[1] << ", seed " << argv[3] << ": " << error.what() << "\n";
    return 1;
  }
}
