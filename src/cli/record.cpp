#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "cli/hunting.h"
#include "cli/interrupts.h"
#include "cli/ticks_choice.h"
#include "hunt/cpu_needs.h"
#include "hunt/keep.h"
#include "hunt/native.h"
#include "hunt/progress.h"
#include "hunt/seeds.h"

namespace ttrace {

int record_program(const Context& context, const FlagSet& flags,
                   const std::vector<std::string>& program) {
  namespace fs = std::filesystem;
  const TicksChoice counted = choose_ticks(flags, LocalMachine());
  Program what;
  what.path = find_program(program.at(0), context.environment);
  what.arguments = program;
  what.environment = supervised(visible_environment(flags, context.environment));

  const std::string output = flags.text("output");
  const std::string directory =
      output.empty() ? flags.text("dir") : fs::absolute(output).parent_path().string();
  if (!output.empty() && fs::is_directory(output)) {
    throw UsageError("--output=" + output + " is a directory: name a file in it");
  }
  check_trace_directory(directory, output.empty() ? "--dir=DIR" : "-o FILE");

  const Interrupts interrupts;
  SiteCache sites(SiteCache::default_directory());
  TickPlanCache ticks(SiteCache::default_directory());
  RecordOptions options;
  if (counted.software) options.ticks = &ticks;
  options.counters = counted.counters.get();
  options.seed = flags.has("seed") ? flags.number("seed") : random_base_seed();
  options.chaos = asked_chaos(flags).value_or(Chaos::mixed);
  options.agent = flags.text("agent") == "on";
  options.addresses = asked_addresses(flags);
  options.timeout = flags.duration("timeout");
  options.portable = flags.is_on("portable");
  options.limits = recording_limits(flags, directory);
  options.interrupted = interrupts.flag();
  options.sites = &sites;
  options.private_paths = flags.texts("private");
  const RecordResult result = record(what, options);
  for (const std::string& warning : result.warnings) {
    context.err.write("[ttrace] warning: " + warning + "\n");
  }
  if (result.not_recordable) {
    throw Error("not recordable: " + *result.not_recordable + " (in " + program[0] +
                "); nothing was kept. README.md lists what cannot be recorded yet");
  }

  const Verdict verdict = judge_program(result);
  TraceInfo info = describe_recording(what, result);
  describe_cpu(result, options.portable, SiteCache::default_directory(), info);
  const bool exited = verdict.kind == Verdict::Kind::passed;
  const std::string how = exited ? verdict.detail : to_string(verdict);
  info.verdict = exited ? "exited" : verdict_name(verdict.kind);
  info.failure = verdict.failure;
  info.seed = options.seed;
  std::string path = output;
  try {
    if (output.empty()) {
      path = keep_as(result.recording, info, directory,
                     trace_stem(fs::path(program[0]).filename().string()));
    } else {
      keep(result.recording, info, output);
    }
  } catch (const Error& error) {
    throw Error(fmt::format("{} ended ({}), but its trace was not kept: {}", program[0],
                            how.empty() ? "exit status 0" : how, error.what()));
  }
  std::error_code ignored;
  context.err.write(fmt::format("[ttrace] {}trace {} ({}), replay it with: ttrace replay {}\n",
                                how.empty() ? "" : how + ": ", path,
                                size_text(fs::file_size(path, ignored)), shell_quoted(path)));
  if (verdict.kind == Verdict::Kind::timed_out) return 124;
  if (verdict.kind == Verdict::Kind::interrupted) return 128 + interrupts.signal();
  return shell_status(result.status);
}

}  // namespace ttrace
