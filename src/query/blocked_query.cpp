// The question "blocked": who waits for whom, as JSON and as text.
#include <fmt/format.h>

#include <map>

#include "query/blocked.h"
#include "query/event_text.h"
#include "query/trace_queries.h"
#include "replay/replayer.h"

namespace ttrace {
namespace {

Json json_of(const std::optional<Wait>& wait) {
  if (!wait) return nullptr;
  return {
      {"kind", wait_name(wait->kind)},
      {"address", wait->at == Address() ? Json() : Json(fmt::format("{:#x}", wait->at.value()))},
      {"holder", wait->holder ? Json(wait->holder->value()) : Json()}};
}

Json json_of(const BlockedReport& report) {
  Json threads = Json::array();
  for (const BlockedThread& thread : report.threads) {
    threads.push_back({{"thread", thread.tid.value()},
                       {"process", thread.pid.value()},
                       {"since", thread.since.value()},
                       {"call", thread.call.empty() ? Json() : Json(thread.call)},
                       {"waits_for", json_of(thread.wait)}});
  }
  Json deadlock = Json::array();
  for (const Tid tid : report.deadlock) deadlock.push_back(tid.value());
  return {{"event", report.at.value()},
          {"threads", std::move(threads)},
          {"deadlock", std::move(deadlock)}};
}

/// The failure, or the end of a trace.
EventNumber place_of_interest(const TraceReader& trace) {
  const EventNumber last(trace.event_count() - 1);
  const auto& failure = trace.info().failure;
  return failure ? std::min(failure->event, last) : last;
}

struct WaitText {
  const char* kind;
  const char* text;  ///< what it waits for
  bool has_address;
};

constexpr WaitText kTexts[] = {
    {"mutex", "the mutex at", true},
    {"pi_mutex", "the mutex (with priority inheritance) at", true},
    {"rwlock", "the rwlock at", true},
    {"thread", "the end of a thread", false},
    {"futex", "the futex (condition variable, semaphore, atomic) at", true},
    {"child", "the end of a child process", false},
    {"time", "its sleep to end", false},
};

std::string wait_text(const Json& thread) {
  const Json& wait = thread["waits_for"];
  if (wait.is_null()) return "could run";
  std::string text = "is in " + escaped(thread["call"].get<std::string>());
  for (const WaitText& row : kTexts) {
    if (wait["kind"] != row.kind) continue;
    text = std::string("waits for ") + row.text;
    if (row.has_address) text += " " + wait["address"].get<std::string>();
  }
  if (wait["holder"].is_null()) return text;
  const char* relation = wait["kind"] == "thread" ? ": thread" : ", held by thread";
  return text + fmt::format("{} {}", relation, wait["holder"].get<int>());
}

bool is_lock(const Json& kind) { return kind == "mutex" || kind == "pi_mutex" || kind == "rwlock"; }

}  // namespace

Json ask_blocked(const QueryInput& input) {
  if (input.place) {
    return json_of(blocked_at(input.trace, input.place->event, input.place->memory));
  }
  TraceReader trace(input.trace.path());
  Replayer replayer(trace);
  ReplayLimits limits;
  limits.before_event = place_of_interest(trace);
  replayer.run(limits);
  const auto memory = [&](Pid pid, Address at, std::span<std::byte> into) {
    return replayer.read_memory(pid, at, into);
  };
  return json_of(blocked_at(trace, replayer.position(), memory));
}

std::string blocked_text(const Json& answer) {
  std::string text = fmt::format("before event {}:\n", answer["event"].get<std::uint64_t>());
  for (const Json& thread : answer["threads"]) {
    text += fmt::format("  thread {} {} (since event {})\n", thread["thread"].get<int>(),
                        wait_text(thread), thread["since"].get<std::uint64_t>());
  }
  const Json& deadlock = answer["deadlock"];
  if (deadlock.empty()) return text;
  text += "deadlock:";
  for (const Json& tid : deadlock) text += fmt::format(" thread {} waits for", tid.get<int>());
  return text + fmt::format(" thread {}\n", deadlock[0].get<int>());
}

std::optional<Pid> process_of_taken_lock(const Json& answer) {
  std::map<Json, Json> processes;
  for (const Json& thread : answer["threads"]) processes[thread["thread"]] = thread["process"];
  for (const Json& thread : answer["threads"]) {
    const Json& wait = thread["waits_for"];
    if (wait.is_null() || wait["holder"].is_null() || !is_lock(wait["kind"])) continue;
    const auto holder = processes.find(wait["holder"]);
    if (holder == processes.end() || holder->second != thread["process"]) continue;
    return Pid(holder->second.get<int>());
  }
  return {};
}

}  // namespace ttrace
