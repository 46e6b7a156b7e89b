#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/report_page.h"
#include "hunt/hunt_store.h"
#include "hunt/timeline.h"
#include "hunt/version.h"
#include "query/event_text.h"
#include "replay/replayer.h"
#include "trace/new_file.h"
#include "trace/store.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kSourceLinesAround = 6;
constexpr std::uint64_t kLastEvents = 40;
constexpr std::size_t kMostOutput = std::size_t(256) << 10;

// Adds what one hunt says of its cases. A file that is none of ours adds nothing.
void add_hunt(const std::string& text, std::map<std::string, Report::Case>& cases) {
  const Json hunt = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!hunt.is_object() || !hunt.contains("cases")) return;
  try {
    for (const Json& entry : hunt.at("cases")) {
      Report::Case& row = cases[entry.at("name").get<std::string>()];
      row.name = entry.at("name").get<std::string>();
      ++row.hunts;
      row.attempts +=
          entry.at("attempts").get<std::uint64_t>() - entry.at("skipped").get<std::uint64_t>();
      row.failures += entry.at("failures").get<std::uint64_t>();
      row.time_ms += entry.at("time_ms").get<std::uint64_t>();
      row.last_outcome = entry.at("outcome").get<std::string>();
    }
  } catch (const Json::exception&) {
    return;
  }
}

std::vector<Report::Case> cases_of(const std::string& directory) {
  std::map<std::string, Report::Case> by_name;
  for (const std::string& text : stored_summaries(directory)) add_hunt(text, by_name);
  std::vector<Report::Case> cases;
  for (auto& [name, entry] : by_name) cases.push_back(std::move(entry));
  // What fails comes first.
  std::ranges::stable_sort(
      cases, [](const auto& a, const auto& b) { return (a.failures > 0) > (b.failures > 0); });
  return cases;
}

std::vector<Report::SourceLine> source_around(const Failure& failure) {
  std::vector<Report::SourceLine> lines;
  std::ifstream file(failure.file);
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (number > failure.line + kSourceLinesAround) break;
    if (number < failure.line - kSourceLinesAround) continue;
    lines.push_back({number, text, number == failure.line});
  }
  return lines;
}

std::vector<std::string> events_before(TraceReader& trace, std::uint64_t event) {
  std::vector<std::string> lines;
  Dumper dumper;
  const std::uint64_t from = event > kLastEvents ? event - kLastEvents : 0;
  for (std::uint64_t n = from; n <= event && n < trace.event_count(); ++n) {
    lines.push_back(dumper.line(EventNumber(n), trace.event(EventNumber(n))));
  }
  return lines;
}

// What the program wrote: a replay tells.
std::string output_of(const std::string& path) {
  std::string output;
  try {
    TraceReader trace(path);
    Replayer replayer(trace);
    replayer.on_output([&](int, ByteView text) {
      output.append(reinterpret_cast<const char*>(text.data()), text.size());
    });
    replayer.run({});
  } catch (const Error& error) {
    output += std::string("\n[the replay ended: ") + error.what() + "]\n";
  }
  if (output.size() > kMostOutput) {
    output = "[the beginning is left out]\n" + output.substr(output.size() - kMostOutput);
  }
  return output;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + shell_quoted(word);
  return text;
}

Report::Failure failure_of(const StoredTrace& stored, const Environment& environment) {
  Report::Failure failure;
  failure.trace = fs::path(stored.path).filename().string();
  failure.case_name = failure.trace;
  if (!stored.info) {
    failure.problem = stored.error;
    return failure;
  }
  const TraceInfo& info = *stored.info;
  if (!info.case_name.empty()) failure.case_name = info.case_name;
  failure.verdict = info.verdict;
  failure.seed = info.seed;
  failure.run_seed = info.run_seed;
  failure.attempt = info.attempt;
  failure.command = joined(info.command);
  failure.host = info.host;
  failure.debug_command = "ttrace replay " + shell_quoted(stored.path);
  try {
    TraceReader trace(stored.path);
    if (info.failure) {
      failure.message = info.failure->message;
      failure.event = info.failure->event.value();
      failure.tid = info.failure->tid.value();
      if (!info.failure->file.empty()) {
        failure.place = fmt::format("{}:{}", info.failure->file, info.failure->line);
      }
      failure.source = source_around(*info.failure);
      failure.last_events = events_before(trace, failure.event);
    }
    const Timeline timeline = timeline_of(trace);
    failure.timeline_svg = timeline_svg(timeline);
    failure.switches = timeline.switches;
    failure.stacks = stacks_at_failure(stored.path, environment, failure.no_stacks);
    failure.output = output_of(stored.path);
  } catch (const Error& error) {
    failure.problem = error.what();
  }
  return failure;
}

void write_page(const std::string& path, const std::string& html) {
  const fs::path split(path);
  const std::string folder_name =
      split.has_parent_path() ? split.parent_path().string() : std::string(".");
  const Fd folder(open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_cannot_write(folder_name, errno);
  NewFile file(folder.value(), folder_name);
  file.write(bytes_of(std::string_view(html)));
  file.publish(split.filename().string());
}

}  // namespace

int write_report(const Context& context, const FlagSet& flags, const std::string& directory) {
  Report report;
  report.cases = cases_of(directory);
  for (const StoredTrace& stored : list_traces(directory)) {
    // A recording that ended well is no failure.
    if (stored.info && stored.info->verdict == "exited") continue;
    context.err.write("[ttrace] " + stored.path + "\n");
    report.failures.push_back(failure_of(stored, context.environment));
  }
  report.title = "ttrace: " + fs::absolute(directory).lexically_normal().string();
  report.written = fmt::format("{}, {}", kWriter, utc_text(std::chrono::system_clock::now()));
  const std::string output = flags.text("output");
  write_page(output, report_html(report));
  context.out.write(fmt::format("{}: {} cases, {} kept failures\n", output, report.cases.size(),
                                report.failures.size()));
  return 0;
}

}  // namespace ttrace
