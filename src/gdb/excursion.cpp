#include "gdb/excursion.h"

#include <charconv>
#include <vector>

#include "base/error.h"
#include "gdb/monitor.h"

namespace ttrace::gdb {
namespace {

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::vector<std::uint64_t> numbers_of(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      throw UsageError("excursion: " + std::string(word) + " is no decimal number");
    }
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace

Excursion::Excursion(const DebugTarget& session) : target_(session.excursion()) {
  if (!target_) throw Error("there is no history behind this session");
}

std::string Excursion::go(std::string_view line, const std::atomic<bool>* interrupt) {
  const std::string_view verb = take_word(line);
  bool there = false;
  if (verb == "begin") {
    there = go_to(take_word(line), interrupt);
  } else if (verb == "back" || verb == "write") {
    there = to_write(line, verb == "back", interrupt);
  } else if (verb == "call") {
    there = to_call(line, interrupt);
  } else {
    throw UsageError("excursion takes begin, back, write, call or end");
  }
  return (there ? place_of(*target_).dump() : "null") + "\n";
}

bool Excursion::go_to(std::string_view place, const std::atomic<bool>* interrupt) {
  if (place.empty()) return true;
  const auto position = position_named(*target_, place);
  if (!position) return false;
  return target_->seek(*position, interrupt).kind != TargetStop::Kind::interrupted;
}

/// Anything else that stops the program is the end: a history in another program, or none.
bool Excursion::resume(TargetStop::Kind wanted, bool backwards,
                       const std::atomic<bool>* interrupt) {
  ResumeRequest request;
  request.backwards = backwards;
  request.stops_at_signal = [](int) { return false; };
  request.interrupt = interrupt;
  const TargetStop& stop = target_->resume(request);
  if (stop.kind == TargetStop::Kind::interrupted) throw Error("interrupted");
  return stop.kind == wanted;
}

bool Excursion::to_write(std::string_view range, bool backwards,
                         const std::atomic<bool>* interrupt) {
  const std::vector<std::uint64_t> numbers = numbers_of(range);
  if (numbers.size() != 2) throw UsageError("excursion: give an address and a length");
  const WatchRange watched{WatchRange::Kind::write, Address(numbers[0]), numbers[1]};
  if (!target_->insert_watchpoint(watched)) {
    throw Error("these bytes cannot be watched: they are too many");
  }
  const bool found = resume(TargetStop::Kind::watchpoint, backwards, interrupt);
  target_->remove_watchpoint(watched);
  return found;
}

bool Excursion::to_call(std::string_view addresses, const std::atomic<bool>* interrupt) {
  const std::vector<std::uint64_t> numbers = numbers_of(addresses);
  // The one where it stands was told before.
  if (target_->stop().kind == TargetStop::Kind::breakpoint) {
    ResumeRequest step;
    step.step = target_->stop().tid;
    step.stops_at_signal = [](int) { return false; };
    target_->resume(step);
  }
  for (const std::uint64_t at : numbers) target_->insert_breakpoint(Address(at));
  const bool found = resume(TargetStop::Kind::breakpoint, false, interrupt);
  for (const std::uint64_t at : numbers) target_->remove_breakpoint(Address(at));
  return found;
}

}  // namespace ttrace::gdb
