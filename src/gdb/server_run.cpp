// The part of Server that lets the program run and tells how it stopped.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "gdb/server.h"
#include "gdb/signals.h"

namespace ttrace::gdb {
namespace {

constexpr const char* kMalformed = "E16";
/// Console text goes in pieces that every debugger takes.
constexpr std::size_t kPrintSize = 1024;

/// Sets a flag for a scope.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flag() { flag_ = false; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
};

ResumePlan all() {
  ResumePlan plan;
  plan.runs = true;
  return plan;
}

}  // namespace

std::string Server::resume_kinds(std::string_view) { return "vCont;c;C;s;S;t;r"; }

std::string Server::resume_actions(std::string_view arguments) {
  const auto actions = parse_actions(arguments);
  if (!actions) return kMalformed;
  return resume(plan_of(*actions, general_thread()));
}

std::string Server::resume_all(std::string_view) { return resume(all()); }

std::string Server::resume_all_with_signal(std::string_view) { return resume(all()); }

std::string Server::step_one(std::string_view) {
  ResumePlan plan = all();
  plan.step = general_thread();
  return resume(plan);
}

std::string Server::step_one_with_signal(std::string_view arguments) { return step_one(arguments); }

std::string Server::back_all(std::string_view) {
  return target_.can_go_back() ? resume(all(), true) : "";
}

std::string Server::back_one(std::string_view) {
  if (!target_.can_go_back()) return "";
  ResumePlan plan = all();
  plan.step = general_thread();
  return resume(plan, true);
}

std::string Server::resume(const ResumePlan& plan, bool backwards) {
  if (!plan.runs) return report(target_.stop());
  if (plan.step && !has_thread(*plan.step)) return kMalformed;
  excursion_.reset();
  interrupt_ = line_.take_late_interrupt();
  const auto diverted = backwards ? std::nullopt : diverted_thread(plan);
  if (diverted) return resume_diversion(*diverted, plan);
  end_diversion();
  TargetStop stop;
  try {
    const Connection::Watch watch(line_, interrupt_);
    stop = advance(plan, backwards);
  } catch (const Error& error) {
    stop.kind = TargetStop::Kind::diverged;
    stop.text = error.what();
  }
  general_thread_.reset();
  if (stop.kind == TargetStop::Kind::history_end && !stop.text.empty()) say(stop.text);
  if (stop.kind == TargetStop::Kind::diverged) {
    say("the session ends: " + stop.text);
    ended_ = true;
    return lost_reply(target_.process());
  }
  return report(stop);
}

TargetStop Server::advance(const ResumePlan& plan, bool backwards) {
  if (const auto arrived = std::exchange(held_arrival_, std::nullopt)) return *arrived;
  if (pending_seek_) {
    const Position to = *std::exchange(pending_seek_, std::nullopt);
    const TargetStop& stop = target_.seek(to, &interrupt_);
    if (stop.kind == TargetStop::Kind::exec && client_.exec_events) {
      // gdb takes note of another program and goes on by itself: it is to stay where it is.
      held_arrival_ = TargetStop{TargetStop::Kind::arrived, stop.tid, 0, {}};
    }
    return stop;
  }
  const Flag show(show_output_);
  while (true) {
    ResumeRequest request;
    request.step = plan.step;
    request.backwards = backwards;
    request.stops_at_signal = [this](int signal) {
      return !passed_signals_.contains(gdb_signal(signal));
    };
    if (caught_calls_) {
      request.stops_at_call = [this](std::int64_t number) {
        return caught_calls_->empty() || caught_calls_->contains(number);
      };
    }
    request.interrupt = &interrupt_;
    TargetStop stop = target_.resume(request);
    const bool passed =
        stop.kind == TargetStop::Kind::signal && passed_signals_.contains(gdb_signal(stop.signal));
    const bool stepped = stop.kind == TargetStop::Kind::stepped;
    if ((passed || stepped) && interrupt_) {
      stop.kind = TargetStop::Kind::interrupted;
      return stop;
    }
    if (passed) continue;
    if (!stepped) return stop;
    const Address pc(target_.registers(stop.tid).rip);
    if (pc < plan.range_begin || pc >= plan.range_end) return stop;
  }
}

std::string Server::report(const TargetStop& stop) {
  TargetStop told = stop;
  if (!has_thread(told.tid)) told.tid = general_thread();
  const GeneralRegisters registers = values_of(told.tid).general;
  return stop_reply(told, target_.process(), registers, client_, layout_,
                    is_hardware(Address(registers.rip)));
}

bool Server::is_hardware(Address at) const {
  const auto found = breakpoints_.find(at);
  return found != breakpoints_.end() && found->second.hardware;
}

void Server::print(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kPrintSize))) {
    line_.send("O" + to_hex(text.substr(0, kPrintSize)));
  }
}

void Server::say(std::string_view text) { print("[ttrace] " + std::string(text) + "\n"); }

}  // namespace ttrace::gdb
