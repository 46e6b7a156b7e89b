#include "gdb/monitor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace ttrace::gdb {
namespace {

std::string number(EventNumber event) { return std::to_string(event.value()); }

MonitorAnswer when(DebugTarget& target, std::string_view) {
  std::string text = "event " + number(target.position().event) + " of " +
                     number(target.history_begin().event) + " to " +
                     number(target.history_end().event) + ", thread " +
                     std::to_string(target.stop().tid.value());
  if (!target.case_name().empty()) text += ", case " + target.case_name();
  return {text + "\n", {}};
}

std::optional<Position> position_named(const DebugTarget& target, std::string_view name) {
  if (name == "begin") return target.history_begin();
  if (name == "end") return target.history_end();
  if (name == "failure") {
    const auto failure = target.failure();
    return failure ? std::optional(Position{failure->event}) : std::nullopt;
  }
  std::uint64_t event = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), event);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  return Position{EventNumber(event)};
}

MonitorAnswer go_to(DebugTarget& target, std::string_view argument) {
  const auto wanted = position_named(target, argument);
  if (!wanted && argument == "failure") return {"this trace has no failure\n", {}};
  if (!wanted) return {"goto takes an event number, begin, end or failure\n", {}};
  const Position to = std::clamp(*wanted, target.history_begin(), target.history_end());
  return {"the next continue goes to event " + number(to.event) + "\n", to};
}

MonitorAnswer marks(DebugTarget& target, std::string_view) {
  std::string text;
  for (const TargetMark& mark : target.marks()) {
    text += number(mark.event) + "  thread " + std::to_string(mark.tid.value()) + "  " + mark.text +
            "\n";
  }
  return {text.empty() ? "this trace has no marks\n" : text, {}};
}

constexpr std::array kFailureKinds{"mark", "signal", "other"};

/// For our script in gdb: one line of JSON.
MonitorAnswer session(DebugTarget& target, std::string_view) {
  nlohmann::json json{{"case", target.case_name()},
                      {"event", target.position().event.value()},
                      {"begin", target.history_begin().event.value()},
                      {"end", target.history_end().event.value()},
                      {"process", target.process().value()}};
  if (const auto failure = target.failure()) {
    json["failure"] = {{"kind", kFailureKinds.at(std::size_t(failure->kind))},
                       {"event", failure->event.value()},
                       {"thread", failure->tid.value()},
                       {"file", failure->file},
                       {"line", failure->line},
                       {"message", failure->message}};
  }
  // A message is whatever bytes the program wrote.
  return {json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n", {}};
}

MonitorAnswer help(DebugTarget& target, std::string_view argument);

struct Command {
  std::string_view name;
  std::string_view help;
  MonitorAnswer (*run)(DebugTarget&, std::string_view);
};

constexpr std::array kCommands{
    Command{"when", "when: the present event, thread and test case", when},
    Command{"goto", "goto EVENT|begin|end|failure: where the next continue goes", go_to},
    Command{"run", "run EVENT: the same as goto", go_to},
    Command{"marks", "marks: what the test framework said, with its event", marks},
    Command{"session", "session: facts about this session, as JSON", session},
    Command{"help", "help: this list", help},
};

MonitorAnswer help(DebugTarget&, std::string_view) {
  std::string text;
  for (const Command& command : kCommands) text += std::string(command.help) + "\n";
  return {text, {}};
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

MonitorAnswer run_monitor(DebugTarget& target, std::string_view line) {
  line = trim(line);
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view name = line.substr(0, end);
  for (const Command& command : kCommands) {
    if (command.name != name) continue;
    const auto rest = end == std::string_view::npos ? std::string_view() : line.substr(end);
    return command.run(target, trim(rest));
  }
  return {"unknown command \"" + std::string(name) + "\"; monitor help lists them\n", {}};
}

}  // namespace ttrace::gdb
