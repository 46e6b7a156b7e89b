#include "cli/hunting.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>

#include "cli/asked.h"
#include "cli/commands.h"
#include "cli/ctest.h"
#include "cli/interrupts.h"
#include "cli/recording_setup.h"
#include "cli/result_files.h"
#include "cli/rules.h"
#include "cli/stacks.h"
#include "cli/test_binary.h"
#include "hunt/binary.h"
#include "hunt/forked_crew.h"
#include "hunt/hunt.h"
#include "hunt/hunt_store.h"
#include "hunt/lab.h"
#include "hunt/native.h"
#include "hunt/seeds.h"
#include "hunt/version.h"
#include "trace/store.h"

namespace ttrace {

namespace {

// The CPUs that we may use; at least one.
std::vector<int> usable_cpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(std::size_t(cpu), &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(-1);
  return cpus;
}

HuntPlan plan_of(const FlagSet& flags, const TestBinary& binary, const HuntStyle& style,
                 const Interrupts& interrupts) {
  HuntPlan plan;
  if (binary.framework->listing_commands) plan.framework = binary.framework->name;
  plan.attempts = style.attempts;
  plan.time = flags.duration("time");
  plan.goes_on = flags.has("keep");
  plan.keep = flags.has("keep") ? int(flags.number("keep")) : 1;
  plan.seed = flags.has("seed") ? flags.number("seed") : random_base_seed();
  plan.chaos = asked_chaos(flags);
  plan.interrupted = interrupts.flag();
  plan.debug_command = [&](const std::string& path) {
    return style.replay_prefix + shell_quoted(path);
  };
  plan.remove_trace = [](const std::string& path) { remove_trace(path); };
  return plan;
}

// No more than there are attempts to make.
int jobs_of(const FlagSet& flags, const HuntPlan& plan, std::size_t cpus) {
  const std::uint64_t asked = flags.has("jobs") ? flags.number("jobs") : cpus;
  const std::uint64_t attempts =
      plan.attempts == 0 ? asked : std::uint64_t(plan.attempts) * plan.cases.size();
  return int(std::min(asked, attempts));
}

// Result files, the store, and the server that runs us.
void tell_others(const Context& context, const FlagSet& flags, const ResultFiles& files,
                 const HuntSummary& summary) {
  if (environment_value(context.environment, "GITHUB_ACTIONS") == "true") {
    const auto workspace = environment_value(context.environment, "GITHUB_WORKSPACE");
    context.out.write(github_annotations(summary, workspace.value_or("")));
  }
  // First what was asked for: the store may not take any more.
  files.write(summary);
  const std::string directory = flags.text("dir");
  store_summary(directory, summary);
  if (summary.results.count(CaseResult::Outcome::failed) > 0) {
    for (const std::string& path : enforce_limits(directory, asked_store_limits(flags))) {
      context.out.write("[ttrace] removed " + path + ": the directory is full\n");
    }
  }
}

// The traces that a hunt kept, in the order of its cases.
std::vector<std::string> kept_traces(const HuntResults& results) {
  std::vector<std::string> paths;
  for (const CaseResult& result : results.cases) {
    for (const KeptFailure& kept : result.kept) {
      if (kept.trace.path) paths.push_back(*kept.trace.path);
    }
  }
  return paths;
}

HuntSummary summary_of(const HuntPlan& plan, const TestBinary& binary, int jobs) {
  HuntSummary summary;
  summary.writer = kWriter;
  summary.program = binary.path;
  summary.framework = plan.framework;
  summary.seed = plan.seed;
  summary.attempts = plan.attempts;
  summary.jobs = jobs;
  summary.began = std::chrono::system_clock::now();
  return summary;
}

// Nothing failed, but something could not be recorded.
bool is_unknown(const HuntResults& results) {
  return results.count(CaseResult::Outcome::failed) == 0 &&
         results.count(CaseResult::Outcome::not_recordable) > 0 && !results.interrupted;
}

// The selected cases without recording them, in our place.
[[noreturn]] void run_plainly(const Context& context, TestBinary binary, const FlagSet& flags,
                              const std::string& why) {
  context.err.write("[ttrace] runs once without recording: " + why + "\n");
  const std::vector<std::string> names = flags.texts("case");
  if (names.size() == 1) {
    binary.arguments =
        binary.framework->attempt_arguments(binary.arguments, {names[0], "", 0}, false, 0);
  }
  run_untouched(binary);
}

// A program that shows its framework but no listener is judged by its exit code alone.
Marks marks_of(const Context& context, const TestBinary& binary) {
  if (!binary.framework->listing_commands) return Marks::optional;
  const BinaryLook look = look_at_binary(binary.path);
  if (look.has_listener) return Marks::required;
  // If it does not even look like what the user says, the listing will tell.
  if (look.framework != binary.framework) return Marks::optional;
  context.err.write(fmt::format(
      "[ttrace] {} does not link ttrace::{}: a failure is known by its exit status, not by its "
      "assertion; link the library to see which one\n",
      binary.arguments[0], binary.framework->name));
  return Marks::optional;
}

}  // namespace

int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style) {
  const Interrupts interrupts;
  const std::string directory = flags.text("dir");
  RecordingSetup setup(flags, directory, interrupts);
  check_trace_directory(directory, style.flag_prefix + "dir=DIR");
  const AttachedTrace attached(flags.text("attach"));
  const ResultFiles files(flags, binary);

  HuntPlan plan = plan_of(flags, binary, style, interrupts);
  plan.cases = selected_cases(flags, binary, interrupts.flag());
  if (*interrupts.flag()) return 128 + interrupts.signal();
  if (plan.cases.empty()) {
    context.out.write("[ttrace] no case is in this shard\n");
    return 0;
  }

  TestBinary recorded = binary;
  recorded.environment = asked_environment(flags, binary.environment);
  const bool reruns_by_fork = flags.text("rerun") == "fork";
  RecordingLab lab(recorded, setup.options(),
                   {directory, context.terminal, reruns_by_fork, [&](const std::string& path) {
                      std::string problem;
                      return stack_signature(stacks_at_failure(path, context.environment, problem));
                    }});
  const std::vector<int> cpus = usable_cpus();
  ForkedCrew::Options crew_options;
  crew_options.size = jobs_of(flags, plan, cpus.size());
  crew_options.rules = asked_rules(flags, style.marks);
  crew_options.interrupted = interrupts.flag();
  crew_options.begin = [&](int member) {
    if (crew_options.size > 1) lab.use_cpu(cpus[std::size_t(member) % cpus.size()]);
  };
  ForkedCrew crew(lab, plan.cases, crew_options);
  Progress progress(context.console(), [&] { return lab.now(); });
  HuntSummary summary = summary_of(plan, binary, crew_options.size);
  if (reruns_by_fork) {
    context.out.write(
        "[ttrace] attempts are copies of a process in which the case has just begun: what was "
        "drawn "
        "before (addresses, std::random_device in static objects, a random seed) repeats\n");
  }
  progress.begin(plan.cases, {plan.attempts, plan.time, crew_options.size, plan.seed,
                              fmt::format("{}seed={}", style.flag_prefix, plan.seed)});
  const auto began = lab.now();
  const auto end = [&] {
    progress.end(summary.results);
    summary.time = lab.now() - began;
    summary.exit_code = exit_code(summary.results, interrupts.signal());
    tell_others(context, flags, files, summary);
  };
  try {
    hunt(plan, crew, progress, summary.results);
  } catch (...) {
    end();
    throw;
  }
  end();
  const std::vector<std::string> kept = kept_traces(summary.results);
  context.out.write(ctest_lines(attached.attach(kept), context.environment));
  if (style.fallback && is_unknown(summary.results)) {
    run_plainly(context, binary, flags, "it cannot be recorded");
  }
  return summary.exit_code;
}

int until_fail(const Context& context, const FlagSet& flags,
               const std::vector<std::string>& program) {
  const TestBinary binary = named_binary(context, flags, program);
  if (binary.framework->runs_no_case(binary.arguments, binary.environment)) run_untouched(binary);
  HuntStyle style;
  constexpr int kUsualAttempts = 100;
  style.attempts = !flags.text("attempts").empty() ? int(flags.number("attempts"))
                   : flags.has("time")             ? 0
                                                   : kUsualAttempts;
  style.marks = marks_of(context, binary);
  style.flag_prefix = "--";
  style.replay_prefix = "ttrace replay ";
  style.fallback = flags.is_on("fallback");
  try {
    return hunt_in(context, binary, flags, style);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (style.fallback) run_plainly(context, binary, flags, error.what());
    throw;
  }
}

}  // namespace ttrace
