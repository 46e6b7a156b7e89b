#include "cli/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "cli/result_files.h"
#include "cli/rules.h"
#include "cli/values.h"
#include "hunt/framework.h"

namespace ttrace {
namespace {

constexpr unsigned kHunts = kInBinary | kUntilFailTool | kLaunchTool;
constexpr unsigned kRecords = kHunts | kRecordTool;
constexpr unsigned kLimitsStore = kHunts | kCollectTool;
constexpr unsigned kNamesStore = kRecords | kListTool | kCollectTool | kReportTool;
constexpr unsigned kReplays = kInBinary | kReplayTool;

// clang-format off
constexpr std::array kRows = {
  // name, value, placeholder, default, places, is_mode, repeats, help
  FlagRow{"until-fail", FlagValue::attempts, "N", "", kInBinary, true, false,
          "run each selected case up to N times under the recorder until it fails; keep that trace"},
  FlagRow{"record", FlagValue::none, "", "", kInBinary, true, false,
          "the same with one attempt of each case"},
  FlagRow{"replay", FlagValue::text, "FILE", "", kInBinary, true, false,
          "open a kept trace in gdb, stopped at the failure"},
  FlagRow{"help", FlagValue::none, "", "", kInBinary, true, false,
          "print this and end"},
  FlagRow{"attempts", FlagValue::attempts, "N", "", kUntilFailTool, false, false,
          "attempts of each case (default: 100, or with --time as many as it allows)"},
  FlagRow{"time", FlagValue::duration, "TIME", "", kHunts, false, false,
          "begin no attempt after this time; instead of a number of attempts, or with one: 30m, 90s"},
  FlagRow{"keep", FlagValue::attempts, "K", "", kHunts, false, false,
          "go on after a failure, and keep the first K that differ in place or stack"},
  FlagRow{"jobs", FlagValue::jobs, "N", "", kHunts, false, false,
          "make N attempts at a time, each on a CPU of its own (default: as many as there are CPUs)"},
  FlagRow{"rerun", FlagValue::rerun, "process|fork", "process", kHunts, false, false,
          "begin each attempt with a new process, or with a copy of one in which the case has just begun"},
  FlagRow{"attempts", FlagValue::attempts, "N", "1", kLaunchTool, false, false,
          "attempts of each case"},
  FlagRow{"fallback", FlagValue::none, "", "", kUntilFailTool | kLaunchTool, false, false,
          "where recording is impossible, run the program once without it and take that result"},
  FlagRow{"attach", FlagValue::text, "FILE", "", kUntilFailTool | kLaunchTool, false, false,
          "make FILE a packed copy of the first trace that is kept; without one there is none afterwards"},
  FlagRow{"framework", FlagValue::framework, "auto|gtest|catch2|none", "auto",
          kUntilFailTool | kLaunchTool | kCasesTool, false, false,
          "whose cases the program has; none: the whole program is the one case"},
  FlagRow{"case", FlagValue::text, "NAME", "", kHunts, false, true,
          "this case alone, by its full name; may be repeated"},
  FlagRow{"fail-on", FlagValue::fail_on, "exit-status,signal,timeout,regex:RE",
          "exit-status,signal,timeout", kHunts, false, false,
          "what is a failure besides failed assertions; regex: a line of output matches"},
  FlagRow{"follow", FlagValue::follow, "all|parent", "parent", kHunts, false, false,
          "whose failed assertions count: those of forked children, too, or the first process's"},
  FlagRow{"timeout", FlagValue::duration, "TIME", "60", kHunts, false, false,
          "an attempt that runs longer is a hang: 10, 2.5s, 500ms, 2m; 0: no limit"},
  FlagRow{"timeout", FlagValue::duration, "TIME", "0", kRecordTool, false, false,
          "end the program after this time, as a hang: 10, 2.5s, 500ms, 2m; 0: no limit"},
  FlagRow{"seed", FlagValue::seed, "NUMBER", "", kRecords, false, false,
          "draw the same switches between threads as a run that showed this seed"},
  FlagRow{"ticks", FlagValue::ticks, "auto|hardware|software|none", "auto", kRecords, false, false,
          "what counts up to a switch in the middle of computation; none: switches at system calls"},
  FlagRow{"chaos", FlagValue::chaos, "auto|on|off", "auto", kRecords, false, false,
          "whether threads are made to meet in unusual ways; auto: not in a case's first attempt"},
  FlagRow{"agent", FlagValue::on_off, "on|off", "on", kRecords | kReplayTool, false, false,
          "make and replay common system calls inside the process, without a stop for each"},
  FlagRow{"aslr", FlagValue::chaos, "auto|on|off", "auto", kRecords, false, false,
          "whether addresses differ from attempt to attempt; auto: in an eighth of those with chaos"},
  FlagRow{"private", FlagValue::text, "PATTERN", "", kRecords, false, true,
          "give the program a copy of what it maps as shared of such files; may be repeated"},
  FlagRow{"portable", FlagValue::none, "", "", kRecords, false, false,
          "hide from the program what CPUs have beyond x86-64-v2, so that the trace replays on all"},
  FlagRow{"memory", FlagValue::size, "SIZE", "32M", kRecords, false, false,
          "how much of a recording is held in memory; what is more goes to an unnamed file in DIR"},
  FlagRow{"quota", FlagValue::size, "SIZE", "32G", kRecords, false, false,
          "an attempt is given up as not recordable when that file grows larger; 0: no limit"},
  FlagRow{"environment", FlagValue::environment, "allow:NAMES|deny:NAMES", "", kRecords, false, false,
          "variables that the program may see, or may not: NAME,PREFIX_*; what it does not see, no trace has"},
  FlagRow{"output", FlagValue::results, "json:FILE|junit:FILE", "", kHunts, false, true,
          "write the results to this file, too; may be repeated"},
  FlagRow{"dir", FlagValue::text, "DIR", ".ttrace", kNamesStore, false, false,
          "where traces are kept"},
  FlagRow{"max-size", FlagValue::size, "SIZE", "", kLimitsStore, false, false,
          "keep that directory below this: remove the oldest traces, but not a case's newest: 2G, 500M"},
  FlagRow{"max-traces", FlagValue::attempts, "N", "", kLimitsStore, false, false,
          "the same for the number of traces in it"},
  FlagRow{"output", FlagValue::file, "FILE", "ttrace-report.html", kReportTool, false, false,
          "the page to write"},
  FlagRow{"output", FlagValue::file, "FILE", "", kPackTool, false, false,
          "the file to write (default: NAME.packed.ttrace in the working directory)"},
  FlagRow{"output", FlagValue::file, "FILE", "", kRecordTool, false, false,
          "keep the trace as FILE (default: DIR/PROGRAM-N.ttrace)"},
  FlagRow{"autopilot", FlagValue::none, "", "", kReplays, false, false,
          "replay to the end without gdb: the recorded output and exit code"},
  FlagRow{"cpu", FlagValue::text, "x86-64-vN|NAMES", "", kReplayTool, false, false,
          "replay only what a CPU with no more than these features could replay"},
  FlagRow{"serve", FlagValue::text, "PORT|unix:PATH", "", kReplays, false, false,
          "replay and wait for a debugger there (loopback only) instead of starting gdb"},
  FlagRow{"batch", FlagValue::none, "", "", kReplays, false, false,
          "gdb without a prompt: it ends after the commands of --ex"},
  FlagRow{"commands", FlagValue::text, "FILE", "", kReplays, false, true,
          "a file of gdb commands to run first; may be repeated"},
  FlagRow{"pid", FlagValue::text, "PID|child", "", kReplays, false, false,
          "debug this process of the recording, or the child in which an assertion failed "
          "(default: the one that failed, or the first)"},
  FlagRow{"ide", FlagValue::text, "vscode", "", kReplays, false, false,
          "put this trace into .vscode/launch.json, and end"},
  FlagRow{"ex", FlagValue::text, "COMMAND", "", kReplays, false, true,
          "a gdb command to run first; may be repeated"},
};
// clang-format on

std::optional<bool> parse_switch(std::string_view value) {
  constexpr std::string_view kYes[] = {"", "1", "yes", "true", "on"};
  constexpr std::string_view kNo[] = {"0", "no", "false", "off"};
  if (std::ranges::find(kYes, value) != std::end(kYes)) return true;
  if (std::ranges::find(kNo, value) != std::end(kNo)) return false;
  return std::nullopt;
}

bool is_jobs(const std::string& value) {
  const auto number = parse_number(value);
  return number && *number >= 1 && *number <= 1024;
}

bool is_attempts(const std::string& value) {
  const auto number = parse_number(value);
  return number && *number >= 1 && *number <= 1000000000;
}

// What each kind of value expects, and whether a text is one.
struct ValueRule {
  FlagValue value;
  const char* expects;
  bool (*accepts)(const std::string& text);
};
constexpr ValueRule kRules[] = {
    {FlagValue::none, "no value (or 0 or 1)",
     [](const std::string& text) { return parse_switch(text).has_value(); }},
    {FlagValue::attempts, "a number from 1 to 1000000000, like 500", is_attempts},
    {FlagValue::jobs, "a number from 1 to 1024", is_jobs},
    {FlagValue::seed, "a number from 0 to 18446744073709551615",
     [](const std::string& text) { return parse_number(text).has_value(); }},
    {FlagValue::duration, "a time like 10, 2.5s, 500ms or 2m",
     [](const std::string& text) { return parse_duration(text).has_value(); }},
    {FlagValue::size, "a size like 4096, 32M or 1.5G",
     [](const std::string& text) { return parse_size(text).has_value(); }},
    {FlagValue::ticks, "auto, hardware, software or none",
     [](const std::string& text) {
       return text == "auto" || text == "hardware" || text == "software" || text == "none" ||
              text == "simulated";
     }},
    {FlagValue::chaos, "auto, on or off",
     [](const std::string& text) { return text == "auto" || text == "on" || text == "off"; }},
    {FlagValue::rerun, "process or fork",
     [](const std::string& text) { return text == "process" || text == "fork"; }},
    {FlagValue::on_off, "on or off",
     [](const std::string& text) { return text == "on" || text == "off"; }},
    {FlagValue::results, "json:FILE or junit:FILE", is_result_file},
    {FlagValue::environment, "allow: or deny: and names, like allow:PATH,HOME,LC_*",
     [](const std::string& text) { return EnvironmentRule::parse(text).has_value(); }},
    {FlagValue::file, "a file", [](const std::string& text) { return !text.empty(); }},
    {FlagValue::framework, "auto, none, or one of gtest, catch2",
     [](const std::string& text) { return text == "auto" || find_framework(text); }},
    {FlagValue::follow, "all or parent",
     [](const std::string& text) { return text == "all" || text == "parent"; }},
    {FlagValue::fail_on, "a list out of exit-status, signal, timeout, regex:RE (the last of them)",
     [](const std::string& text) { return parse_fail_on(text).has_value(); }},
    {FlagValue::text, "a value", [](const std::string& text) { return !text.empty(); }},
};

constexpr std::string_view kPrefix = "--ttrace-";

}  // namespace

std::span<const FlagRow> flag_rows() { return kRows; }

const FlagRow* find_flag(std::string_view name, unsigned place) {
  for (const FlagRow& row : kRows) {
    if ((row.places & place) && row.name == name) return &row;
  }
  return nullptr;
}

std::string environment_twin(const FlagRow& row) {
  std::string twin = "TTRACE_";
  for (const char* c = row.name; *c; ++c) {
    twin += *c == '-' ? '_' : char(std::toupper(static_cast<unsigned char>(*c)));
  }
  return twin;
}

const FlagRow* nearest_flag(std::string_view name, unsigned place) {
  const FlagRow* nearest = nullptr;
  std::size_t least = 0;
  for (const FlagRow& row : kRows) {
    if (!(row.places & place)) continue;
    const std::size_t distance = edit_distance(name, row.name);
    if (!nearest || distance < least) {
      nearest = &row;
      least = distance;
    }
  }
  return nearest;
}

void check_flag_value(const FlagRow& row, const std::string& spelled, const std::string& value) {
  const auto rule = std::ranges::find(kRules, row.value, &ValueRule::value);
  if (rule->accepts(value)) return;
  throw UsageError(fmt::format("{} expects {}{}", spelled, rule->expects,
                               value.empty() ? std::string() : ", not \"" + value + "\""));
}

void FlagSet::set(const FlagRow& row, const std::string& spelled, const std::string& value,
                  Source source) {
  check_flag_value(row, spelled, value);
  Entry& entry = entries_[row.name];
  if (!row.repeats || entry.source != source) entry.values.clear();
  entry.values.push_back(value);
  entry.spelled = spelled;
  entry.source = source;
}

bool FlagSet::is_on(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && parse_switch(found->second.values.back()).value_or(true);
}

bool FlagSet::from_command_line(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.source == Source::command_line;
}

std::string FlagSet::text(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second.values.back();
  const FlagRow* row = find_flag(name, place_);
  return row ? row->default_value : "";
}

std::vector<std::string> FlagSet::texts(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::vector<std::string>() : found->second.values;
}

std::uint64_t FlagSet::number(std::string_view name) const {
  return parse_number(text(name)).value_or(0);
}

std::chrono::milliseconds FlagSet::duration(std::string_view name) const {
  return parse_duration(text(name)).value_or(std::chrono::milliseconds(0));
}

std::uint64_t FlagSet::size(std::string_view name) const {
  return parse_size(text(name)).value_or(0);
}

std::string FlagSet::spelled(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::string(name) : found->second.spelled;
}

std::vector<std::string> FlagSet::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

BinaryFlags parse_binary_flags(const std::vector<std::string>& arguments,
                               const Environment& environment) {
  BinaryFlags result;
  bool ended = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    ended |= i > 0 && argument == "--";
    if (i == 0 || ended || !argument.starts_with(kPrefix)) {
      result.rest.push_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string spelled = argument.substr(0, equals);
    const std::string name = spelled.substr(kPrefix.size());
    const FlagRow* row = find_flag(name, kInBinary);
    if (!row) {
      throw UsageError(fmt::format("unknown flag {}: did you mean {}{}? (--ttrace-help lists all)",
                                   spelled, kPrefix, nearest_flag(name, kInBinary)->name));
    }
    result.flags.set(*row, spelled, equals == std::string::npos ? "" : argument.substr(equals + 1),
                     FlagSet::Source::command_line);
  }
  const bool mode_given = std::ranges::any_of(
      kRows, [&](const FlagRow& row) { return row.is_mode && result.flags.has(row.name); });
  for (const FlagRow& row : kRows) {
    if (!row.is_mode || mode_given) continue;
    const std::string twin = environment_twin(row);
    const auto value = environment_value(environment, twin);
    if (value && !value->empty()) {
      result.flags.set(row, twin, *value, FlagSet::Source::environment);
    }
  }
  add_environment(result.flags, environment);
  return result;
}

void add_environment(FlagSet& flags, const Environment& environment) {
  for (const FlagRow& row : kRows) {
    if (!(row.places & flags.place()) || row.is_mode || flags.has(row.name)) continue;
    if (row.value == FlagValue::file) continue;
    const std::string twin = environment_twin(row);
    const auto value = environment_value(environment, twin);
    if (value && !value->empty()) flags.set(row, twin, *value, FlagSet::Source::environment);
  }
}

std::string binary_help() {
  std::string text =
      "This program can record its tests with ttrace. Flags, each with an environment "
      "variable:\n\n";
  for (const FlagRow& row : kRows) {
    if (!(row.places & kInBinary)) continue;
    std::string left = std::string(kPrefix) + row.name;
    if (*row.placeholder) left += std::string("=") + row.placeholder;
    text += fmt::format("  {:<32} {}", left, row.help);
    if (*row.default_value) text += fmt::format(" (default {})", row.default_value);
    text += fmt::format("\n  {:<32} {}\n", "", environment_twin(row));
  }
  text +=
      "\nExit code: 1 if a case failed, 2 for wrong usage, a recorder that cannot run, a case "
      "that\n"
      "cannot be recorded or a trace that cannot be written, 128 + signal if interrupted, else "
      "0.\n";
  return text;
}

}  // namespace ttrace
