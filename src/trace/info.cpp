#include "trace/info.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace ttrace {
namespace {

using Json = nlohmann::json;

// Deeper nesting than ours plus room for later versions is no such text; bounds the parser's
// memory.
constexpr int kMaxDepth = 16;

[[noreturn]] void damaged(const std::string& what) {
  throw TraceError("damaged: the metadata " + what);
}

const Json& member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) damaged(std::string("lacks \"") + name + "\"");
  return *found;
}

void read(const Json& object, const char* name, std::string& into) {
  const Json& value = member(object, name);
  if (!value.is_string()) damaged(std::string("has no text in \"") + name + "\"");
  into = value.get<std::string>();
}

template <std::integral T>
void read(const Json& object, const char* name, T& into) {
  const Json& value = member(object, name);
  const bool fits = value.is_number_unsigned()
                        ? std::in_range<T>(value.get<std::uint64_t>())
                        : value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  if (!fits) damaged(std::string("has no fitting number in \"") + name + "\"");
  into = value.get<T>();
}

void read(const Json& object, const char* name, std::vector<std::string>& into) {
  const Json& list = member(object, name);
  if (!list.is_array()) damaged(std::string("has no list in \"") + name + "\"");
  for (const Json& value : list) {
    if (!value.is_string()) damaged(std::string("has no texts in \"") + name + "\"");
    into.push_back(value.get<std::string>());
  }
}

Json json_of(const Failure& failure) {
  return {{"file", failure.file},
          {"line", failure.line},
          {"message", failure.message},
          {"event", failure.event.value()},
          {"tid", failure.tid.value()}};
}

Failure failure_from(const Json& object) {
  if (!object.is_object()) damaged("has no object in \"failure\"");
  Failure failure;
  std::uint64_t event = 0;
  pid_t tid = 0;
  read(object, "file", failure.file);
  read(object, "line", failure.line);
  read(object, "message", failure.message);
  read(object, "event", event);
  read(object, "tid", tid);
  failure.event = EventNumber(event);
  failure.tid = Tid(tid);
  return failure;
}

Json json_of(const RecordedCpu& cpu) {
  Json components = Json::array();
  for (const XsaveComponent& part : cpu.layout.components) {
    components.push_back({part.number, part.offset, part.size});
  }
  return {{"vendor", cpu.vendor},           {"xcr0", cpu.layout.xcr0},
          {"xsave_size", cpu.layout.size},  {"xsave_components", components},
          {"saves_state", cpu.saves_state}, {"by_vendor", cpu.by_vendor}};
}

RecordedCpu cpu_from(const Json& object) {
  if (!object.is_object()) damaged("has no object in \"cpu\"");
  constexpr std::uint32_t kMostBytes = 1 << 16;  // of an image, and of every part of it
  RecordedCpu cpu;
  read(object, "vendor", cpu.vendor);
  read(object, "xcr0", cpu.layout.xcr0);
  read(object, "xsave_size", cpu.layout.size);
  read(object, "saves_state", cpu.saves_state);
  read(object, "by_vendor", cpu.by_vendor);
  const Json& components = member(object, "xsave_components");
  if (!components.is_array()) damaged("has no list in \"xsave_components\"");
  for (const Json& row : components) {
    std::array<std::uint32_t, 3> numbers{};
    if (!row.is_array() || row.size() != numbers.size()) damaged("has an odd XSAVE component");
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!row[i].is_number_unsigned() || row[i].get<std::uint64_t>() > kMostBytes) {
        damaged("has an odd XSAVE component");
      }
      numbers[i] = row[i].get<std::uint32_t>();
    }
    if (numbers[0] >= 64) damaged("has an odd XSAVE component");
    cpu.layout.components.push_back({numbers[0], numbers[1], numbers[2]});
  }
  return cpu;
}

}  // namespace

std::string to_json(const TraceInfo& info) {
  Json json = {{"writer", info.writer},
               {"framework", info.framework},
               {"case", info.case_name},
               {"verdict", info.verdict},
               {"seed", info.seed},
               {"attempt", info.attempt},
               {"command", info.command},
               {"directory", info.directory},
               {"environment_names", info.environment_names},
               {"host", info.host},
               {"exit_status", info.exit_status},
               {"duration_us", info.duration_us},
               {"ticks", info.ticks}};
  if (!info.hardware_ticks.empty()) json["hardware_ticks"] = info.hardware_ticks;
  if (!info.cpu.vendor.empty()) json["cpu"] = json_of(info.cpu);
  if (info.run_seed) json["run_seed"] = *info.run_seed;
  if (info.failure) json["failure"] = json_of(*info.failure);
  // Paths and messages may hold any bytes; JSON cannot: what is not UTF-8 becomes U+FFFD.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TraceInfo trace_info_from_json(const std::string& text) {
  Json json;
  try {
    json = Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
      if (depth > kMaxDepth) damaged("is nested too deeply");
      return true;
    });
  } catch (const Json::exception&) {
    damaged("is not JSON");
  }
  if (!json.is_object()) damaged("is not a JSON object");

  TraceInfo info;
  read(json, "writer", info.writer);
  read(json, "framework", info.framework);
  read(json, "case", info.case_name);
  read(json, "verdict", info.verdict);
  read(json, "seed", info.seed);
  read(json, "attempt", info.attempt);
  read(json, "command", info.command);
  read(json, "directory", info.directory);
  read(json, "environment_names", info.environment_names);
  read(json, "host", info.host);
  read(json, "exit_status", info.exit_status);
  read(json, "duration_us", info.duration_us);
  if (json.contains("cpu")) info.cpu = cpu_from(json["cpu"]);
  if (json.contains("ticks")) read(json, "ticks", info.ticks);
  if (json.contains("hardware_ticks")) read(json, "hardware_ticks", info.hardware_ticks);
  if (json.contains("run_seed")) {
    std::uint64_t run_seed = 0;
    read(json, "run_seed", run_seed);
    info.run_seed = run_seed;
  }
  if (json.contains("failure")) info.failure = failure_from(json["failure"]);
  return info;
}

}  // namespace ttrace
