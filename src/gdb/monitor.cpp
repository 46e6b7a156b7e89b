#include "gdb/monitor.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "query/queries.h"

namespace ttrace::gdb {
namespace {

std::string number(EventNumber event) { return std::to_string(event.value()); }

MonitorAnswer when(DebugTarget& target, std::string_view argument) {
  const auto json = place_of(target);
  if (argument == "--json") return {json.dump() + "\n", {}};
  std::string text = "event " + json["event"].dump();
  if (!json["ticks"].is_null()) {
    text += fmt::format(" (after {} ticks, {} steps)", json["ticks"].get<std::uint64_t>(),
                        json["steps"].get<std::uint64_t>());
  }
  text += " of " + json["begin"].dump() + " to " + json["end"].dump();
  text += ", thread " + json["thread"].dump();
  if (!json["time_us"].is_null()) {
    text += fmt::format(", {:.6f} s", json["time_us"].get<double>() / 1e6);
  }
  if (!target.case_name().empty()) text += ", case " + target.case_name();
  return {text + "\n", {}};
}

/// The next mark whose line has this text; behind the last one comes the first one again.
std::optional<Position> mark_named(DebugTarget& target, std::string_view text) {
  const Position here = target.position();
  std::optional<Position> first;
  for (const TargetMark& mark : target.marks()) {
    const Position at{mark.event};
    const bool is_there = at >= target.history_begin() && at <= target.history_end();
    if (!is_there || mark.text.find(text) == std::string::npos) continue;
    if (at > here) return at;
    if (!first) first = at;
  }
  return first;
}

MonitorAnswer go_to(DebugTarget& target, std::string_view argument) {
  auto wanted = position_named(target, argument);
  if (!wanted && argument == "failure") return {"this trace has no failure\n", {}};
  if (!wanted && !argument.empty()) wanted = mark_named(target, argument);
  if (!wanted) return {"goto takes an event number, begin, end, failure or text of a mark\n", {}};
  const Position begin = target.history_begin(), end = target.history_end();
  if (*wanted < begin || *wanted > end) {
    return {"event " + number(wanted->event) + " is not in the history from " +
                number(begin.event) + " to " + number(end.event) + "\n",
            {}};
  }
  return {"the next continue goes to event " + number(wanted->event) + "\n", wanted};
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
                       {"process", failure->process.value()},
                       {"thread", failure->tid.value()},
                       {"file", failure->file},
                       {"line", failure->line},
                       {"message", failure->message}};
  }
  // A message is whatever bytes the program wrote.
  return {json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n", {}};
}

MonitorAnswer digest(DebugTarget& target, std::string_view) {
  return {fmt::format("{:016x}\n", target.digest()), {}};
}

MonitorAnswer drop(DebugTarget&, std::string_view) {
  return {"what was changed or called here is forgotten\n", {}, true};
}

MonitorAnswer help(DebugTarget& target, std::string_view argument);

struct Command {
  std::string_view name;
  std::string_view help;
  MonitorAnswer (*run)(DebugTarget&, std::string_view);
};

constexpr std::array kCommands{
    Command{"when", "when [--json]: the present event, ticks, thread, time and test case", when},
    Command{"goto",
            "goto EVENT[+TICKS[+STEPS]]|begin|end|failure|MARK: where the next continue goes; MARK "
            "is what `marks` shows of one, or a part of it",
            go_to},
    Command{"run", "run EVENT: the same as goto", go_to},
    Command{"session", "session: facts about this session, as JSON", session},
    Command{"drop", "drop: forgets what was changed or called here", drop},
    Command{"digest", "digest: a digest of memory and registers, to compare places", digest},
    Command{"help", "help: this list", help},
};

MonitorAnswer help(DebugTarget&, std::string_view) {
  std::string text;
  for (const Command& command : kCommands) text += std::string(command.help) + "\n";
  for (const QueryRow& row : query_rows()) {
    text += std::string(row.name) + (*row.arguments ? " " : "") + row.arguments +
            " [--json]: " + row.help + "\n";
  }
  return {text, {}};
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// A question of src/query: words are its arguments, but for --json.
MonitorAnswer ask(DebugTarget& target, const QueryRow& row, std::string_view arguments) {
  TraceReader* trace = target.trace();
  if (!trace) return {"there is no recording behind this session\n", {}};
  QueryInput input{*trace, {}};
  bool json = false;
  for (arguments = trim(arguments); !arguments.empty(); arguments = trim(arguments)) {
    const std::string_view word = arguments.substr(0, arguments.find_first_of(" \t"));
    arguments.remove_prefix(word.size());
    if (word == "--json") {
      json = true;
    } else {
      input.arguments.emplace_back(word);
    }
  }
  input.place =
      QueryPlace{target.position().event, [&](Pid pid, Address at, std::span<std::byte> into) {
                   return target.read_memory_of(pid, at, into);
                 }};
  return {shown_answer(row, ask_query(row, input), json), {}};
}

}  // namespace

nlohmann::ordered_json place_of(DebugTarget& target) {
  const Position position = target.position();
  nlohmann::ordered_json json{{"event", position.event.value()},
                              {"ticks", nullptr},
                              {"steps", nullptr},
                              {"begin", target.history_begin().event.value()},
                              {"end", target.history_end().event.value()},
                              {"process", target.process().value()},
                              {"thread", target.stop().tid.value()},
                              {"case", target.case_name()},
                              {"time_us", nullptr}};
  if (!position.at_event()) {
    json["ticks"] = position.ticks;
    json["steps"] = position.steps;
  }
  // What has happened last.
  TraceReader* trace = target.trace();
  const std::uint64_t next = position.event.value();
  if (trace && next > 0 && next <= trace->event_count()) {
    json["time_us"] = trace->event(EventNumber(next - 1)).time_us;
  }
  return json;
}

std::optional<Position> position_named(const DebugTarget& target, std::string_view name) {
  if (name == "begin") return target.history_begin();
  if (name == "end") return target.history_end();
  if (name == "failure") {
    const auto failure = target.failure();
    return failure ? std::optional(Position{failure->event}) : std::nullopt;
  }
  // EVENT, or EVENT+TICKS+STEPS for a place between two events.
  std::array<std::uint64_t, 3> numbers{};
  std::size_t count = 0;
  for (std::string_view rest = name; count < numbers.size(); ++count) {
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), numbers.at(count));
    if (error != std::errc()) return {};
    rest.remove_prefix(std::size_t(end - rest.data()));
    if (rest.empty()) break;
    if (!rest.starts_with('+') || count + 1 == numbers.size()) return {};
    rest.remove_prefix(1);
  }
  const EventNumber event(numbers[0]);
  if (count == 0) return Position{event};
  return Position{event, numbers[1], numbers[2]};
}

MonitorAnswer run_monitor(DebugTarget& target, std::string_view line) {
  line = trim(line);
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view name = line.substr(0, end);
  for (const Command& command : kCommands) {
    if (command.name != name) continue;
    const auto rest = end == std::string_view::npos ? std::string_view() : line.substr(end);
    return command.run(target, trim(rest));
  }
  const auto rest = end == std::string_view::npos ? std::string_view() : line.substr(end);
  if (const QueryRow* row = find_query(name)) return ask(target, *row, rest);
  return {"unknown command \"" + std::string(name) + "\"; monitor help lists them\n", {}};
}

}  // namespace ttrace::gdb
