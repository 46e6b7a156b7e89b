#include "query/trace_queries.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "query/event_text.h"
#include "query/mark_text.h"
#include "query/outputs.h"
#include "query/processes.h"
#include "query/threads.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

EventNumber event_argument(const QueryInput& input, std::size_t index, EventNumber otherwise) {
  if (index >= input.arguments.size()) return otherwise;
  const std::string& text = input.arguments[index];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError("\"" + text + "\" is no event number");
  }
  if (number >= input.trace.event_count()) {
    throw UsageError("there is no event " + text + ": the last one is " +
                     std::to_string(input.trace.event_count() - 1));
  }
  return EventNumber(number);
}

double seconds(const Json& object, const char* name = "time_us") {
  return object.at(name).get<double>() / 1e6;
}

/// "exited 1", "killed by SIGSEGV", "still running".
std::string ended_as(const Json& process) {
  if (!process["exit_status"].is_null()) {
    return fmt::format("exited with status {}", process["exit_status"].get<int>());
  }
  if (!process["signal"].is_null()) {
    return fmt::format("killed by {}", signal_name(process["signal"].get<int>()));
  }
  return "ran until the recording ended";
}

const char* remark_on(const Json& process) {
  if (process["failed"].get<bool>()) return "  <- the failure";
  return process["assertion_failed"].get<bool>() ? "  <- an assertion failed" : "";
}

Json ids_of(const Event& event, EventNumber number) {
  return {{"event", number.value()}, {"time_us", event.time_us}, {"thread", event.tid.value()}};
}

}  // namespace

Json ask_marks(const QueryInput& input) {
  Json marks = Json::array();
  ProcessMap processes;
  for (std::uint64_t i = 0; i < input.trace.event_count(); ++i) {
    const Event& event = input.trace.event(EventNumber(i));
    processes.note(event);
    const auto* mark = std::get_if<MarkEvent>(&event.body);
    if (!mark) continue;
    Json one = ids_of(event, EventNumber(i));
    one["process"] = processes.of(event.tid).value_or(Pid()).value();
    one["kind"] = mark_name(mark->kind);
    one["value"] = mark->value;
    one["file"] = mark->file;
    one["line"] = mark->line;
    one["text"] = mark->text;
    marks.push_back(std::move(one));
  }
  return marks;
}

std::string marks_text(const Json& answer) {
  std::string text;
  for (const Json& mark : answer) {
    text += fmt::format("{:>8} {:>12.6f} {:>7} {}\n", mark["event"].get<std::uint64_t>(),
                        seconds(mark), mark["thread"].get<int>(),
                        escaped(mark_line(mark["kind"], mark["file"], mark["line"], mark["text"])));
  }
  return text.empty() ? "this trace has no marks\n" : text;
}

Json ask_events(const QueryInput& input) {
  if (input.trace.event_count() == 0) return Json::array();
  const EventNumber from = event_argument(input, 0, EventNumber(0));
  const EventNumber to = event_argument(input, 1, EventNumber(input.trace.event_count() - 1));
  Json events = Json::array();
  Dumper dumper;
  // From the first one on: the end of a call is described with what its begin said.
  for (std::uint64_t i = 0; i <= to.value(); ++i) {
    const Event& event = input.trace.event(EventNumber(i));
    std::string details = dumper.details(event);
    if (i < from.value()) continue;
    Json one = ids_of(event, EventNumber(i));
    one["ticks"] = event.ticks.value();
    one["kind"] = kind_name(event.body);
    one["text"] = std::move(details);
    events.push_back(std::move(one));
  }
  return events;
}

std::string events_text(const Json& answer) {
  std::string text;
  for (const Json& event : answer) {
    text += fmt::format("{:>8} {:>12.6f} {:>7} {:<12} {}\n", event["event"].get<std::uint64_t>(),
                        seconds(event), event["thread"].get<int>(),
                        event["kind"].get<std::string>(), event["text"].get<std::string>());
  }
  return text.empty() ? "there are no such events\n" : text;
}

Json ask_output(const QueryInput& input) {
  Json outputs = Json::array();
  for (const OutputRecord& output : outputs_of(input.trace.path())) {
    outputs.push_back({{"event", output.event.value()},
                       {"time_us", output.time_us},
                       {"thread", output.tid.value()},
                       {"stream", output.stream == 2 ? "stderr" : "stdout"},
                       {"text", output.text}});
  }
  return outputs;
}

std::string output_text(const Json& answer) {
  std::string text;
  for (const Json& output : answer) {
    text += fmt::format("{:>8} {:>12.6f} {:>7} {} {}\n", output["event"].get<std::uint64_t>(),
                        seconds(output), output["thread"].get<int>(),
                        output["stream"].get<std::string>(),
                        escaped(output["text"].get<std::string>()));
  }
  return text.empty() ? "nothing was written to standard output or error\n" : text;
}

Json ask_threads(const QueryInput& input) {
  const ThreadHistory history = thread_history(input.trace);
  Json threads = Json::array();
  for (const ThreadRecord& thread : history.threads) {
    threads.push_back({{"thread", thread.tid.value()},
                       {"process", thread.pid.value()},
                       {"parent", thread.parent ? Json(thread.parent->value()) : Json()},
                       {"begin", thread.begin.value()},
                       {"end", thread.end.value()},
                       {"events", thread.events},
                       {"ticks", thread.ticks}});
  }
  Json turns = Json::array();
  for (const Turn& turn : history.turns) {
    turns.push_back({{"thread", turn.tid.value()},
                     {"first", turn.first.value()},
                     {"last", turn.last.value()},
                     {"begin_us", turn.begin_us},
                     {"end_us", turn.end_us}});
  }
  return {{"threads", std::move(threads)}, {"turns", std::move(turns)}};
}

std::string threads_text(const Json& answer) {
  std::string text = " thread process   begin      end  events        ticks\n";
  for (const Json& thread : answer["threads"]) {
    text += fmt::format("{:>7} {:>7} {:>7} {:>8} {:>7} {:>12}\n", thread["thread"].get<int>(),
                        thread["process"].get<int>(), thread["begin"].get<std::uint64_t>(),
                        thread["end"].get<std::uint64_t>(), thread["events"].get<std::uint64_t>(),
                        thread["ticks"].get<std::uint64_t>());
  }
  text += "\n   first     last        begin          end  thread\n";
  for (const Json& turn : answer["turns"]) {
    text +=
        fmt::format("{:>8} {:>8} {:>12.6f} {:>12.6f} {:>7}\n", turn["first"].get<std::uint64_t>(),
                    turn["last"].get<std::uint64_t>(), seconds(turn, "begin_us"),
                    seconds(turn, "end_us"), turn["thread"].get<int>());
  }
  return text;
}

Json ask_processes(const QueryInput& input) {
  Json processes = Json::array();
  for (const ProcessRecord& process : processes_of(input.trace)) {
    const bool exited = process.status && WIFEXITED(*process.status);
    const bool killed = process.status && WIFSIGNALED(*process.status);
    processes.push_back({{"process", process.pid.value()},
                         {"parent", process.parent ? Json(process.parent->value()) : Json()},
                         {"begin", process.begin.value()},
                         {"end", process.end.value()},
                         {"exit_status", exited ? Json(WEXITSTATUS(*process.status)) : Json()},
                         {"signal", killed ? Json(WTERMSIG(*process.status)) : Json()},
                         {"failed", process.failed},
                         {"assertion_failed", process.assertion_failed},
                         {"executables", process.executables}});
  }
  return processes;
}

std::string processes_text(const Json& answer) {
  // By index: a number may name several processes, one after another. A parent comes before its
  // children.
  std::vector<std::vector<std::size_t>> children(answer.size() + 1);  // the last: of nobody
  std::map<int, std::size_t> latest;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    const Json& parent = answer[i]["parent"];
    const auto found = parent.is_null() ? latest.end() : latest.find(parent.get<int>());
    children[found == latest.end() ? answer.size() : found->second].push_back(i);
    latest[answer[i]["process"].get<int>()] = i;
  }
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> to_show;  // index, depth; the next one last
  const auto add = [&](std::size_t parent, std::size_t depth) {
    for (auto it = children[parent].rbegin(); it != children[parent].rend(); ++it) {
      to_show.emplace_back(*it, depth);
    }
  };
  add(answer.size(), 0);
  while (!to_show.empty()) {
    const auto [index, depth] = to_show.back();
    to_show.pop_back();
    const Json& process = answer[index];
    const Json& executables = process["executables"];
    text += fmt::format("{:>{}}{}  {}  events {} to {}, {}{}\n", "",
                        2 * std::min<std::size_t>(depth, 40), process["process"].get<int>(),
                        executables.empty() ? "?" : escaped(executables.back().get<std::string>()),
                        process["begin"].get<std::uint64_t>(), process["end"].get<std::uint64_t>(),
                        ended_as(process), remark_on(process));
    add(index, depth + 1);
  }
  return text;
}

}  // namespace ttrace
