#include "cli/hunting.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/c_strings.h"
#include "cli/commands.h"
#include "cli/ctest.h"
#include "cli/interrupts.h"
#include "cli/result_files.h"
#include "cli/rules.h"
#include "cli/stacks.h"
#include "cli/ticks_choice.h"
#include "hunt/binary.h"
#include "hunt/forked_crew.h"
#include "hunt/hunt.h"
#include "hunt/hunt_store.h"
#include "hunt/native.h"
#include "hunt/seeds.h"
#include "hunt/version.h"
#include "trace/store.h"

namespace ttrace {

Environment without_flag_twins(Environment environment) {
  for (const FlagRow& row : flag_rows()) {
    const std::string twin = environment_twin(row);
    environment = without_names(std::move(environment), std::array{twin.c_str()});
  }
  return environment;
}

StoreLimits store_limits(const FlagSet& flags) {
  return {flags.size("max-size"), flags.has("max-traces") ? flags.number("max-traces") : 0};
}

Environment visible_environment(const FlagSet& flags, Environment environment) {
  environment = without_flag_twins(std::move(environment));
  const auto rule = EnvironmentRule::parse(flags.text("environment"));
  return rule ? restricted(std::move(environment), *rule) : environment;
}

const Framework& framework_of(const std::string& name) {
  const Framework* framework = find_framework(name);
  if (!framework) {
    throw UsageError("this version of ttrace does not know the test framework \"" + name +
                     "\" (it knows: " + framework_names() + "): install a newer ttrace");
  }
  return *framework;
}

std::optional<Chaos> asked_chaos(const FlagSet& flags) {
  const std::string asked = flags.text("chaos");
  if (asked == "auto") return {};
  return asked == "on" ? Chaos::on : Chaos::off;
}

RecordingLimits recording_limits(const FlagSet& flags, const std::string& directory) {
  return {directory, flags.size("memory"), flags.size("quota")};
}

AddressChoice asked_addresses(const FlagSet& flags) {
  const std::string asked = flags.text("aslr");
  if (asked == "auto") return AddressChoice::mixed;
  return asked == "on" ? AddressChoice::random : AddressChoice::fixed;
}

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
    for (const std::string& path : enforce_limits(directory, store_limits(flags))) {
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

}  // namespace

int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style) {
  const TicksChoice counted = choose_ticks(flags, LocalMachine());
  const Interrupts interrupts;
  const std::string directory = flags.text("dir");
  const auto timeout = flags.duration("timeout");
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

  SiteCache sites(SiteCache::default_directory());
  TickPlanCache ticks(SiteCache::default_directory());
  TestBinary recorded = binary;
  recorded.environment = visible_environment(flags, binary.environment);
  RecordingLab lab(
      recorded,
      {timeout, directory, context.terminal, interrupts.flag(), counted.software ? &ticks : nullptr,
       counted.counters.get(), flags.text("agent") == "on", flags.texts("private"),
       flags.is_on("portable"), recording_limits(flags, directory), asked_addresses(flags),
       [&](const std::string& path) {
         std::string problem;
         return stack_signature(stacks_at_failure(path, context.environment, problem));
       }},
      sites);
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
  HuntSummary summary;
  summary.writer = kWriter;
  summary.program = binary.path;
  summary.framework = plan.framework;
  summary.seed = plan.seed;
  summary.attempts = plan.attempts;
  summary.jobs = crew_options.size;
  summary.began = std::chrono::system_clock::now();
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
  context.out.write(ctest_lines(kept, context.environment));
  attached.attach(kept);
  const bool unknown = summary.results.count(CaseResult::Outcome::failed) == 0 &&
                       summary.results.count(CaseResult::Outcome::not_recordable) > 0 &&
                       !summary.results.interrupted;
  if (style.fallback && unknown) run_plainly(context, binary, flags, "it cannot be recorded");
  return summary.exit_code;
}

TestBinary named_binary(const Context& context, const FlagSet& flags,
                        const std::vector<std::string>& program) {
  TestBinary binary;
  binary.path = find_program(program.at(0), context.environment);
  binary.arguments = program;
  binary.environment = without_flag_twins(context.environment);
  const std::string name = flags.text("framework");
  binary.framework = name == "auto" ? look_at_binary(binary.path).framework : &framework_of(name);
  if (!binary.framework) binary.framework = &framework_of("none");
  return binary;
}

std::vector<TestCase> selected_cases(const FlagSet& flags, const TestBinary& binary,
                                     const std::atomic<bool>* interrupted) {
  const std::vector<std::string> names = flags.texts("case");
  if (names.empty()) return list_cases(binary, flags.duration("timeout"), interrupted);
  if (!binary.framework->listing_commands) {
    throw UsageError(flags.spelled("case") +
                     " needs a program with GoogleTest or Catch2: of any other, select what it "
                     "runs with its own arguments");
  }
  std::vector<TestCase> cases;
  for (const std::string& name : names) {
    // The program is asked all the same: a mistyped name must not look like a test that fails.
    TestBinary one = binary;
    one.arguments =
        binary.framework->attempt_arguments(binary.arguments, {name, "", 0}, false, /*seed=*/0);
    for (TestCase& test : list_cases(one, flags.duration("timeout"), interrupted)) {
      if (test.name == name) cases.push_back(std::move(test));
    }
  }
  if (cases.empty() && !binary.framework->is_sharded(binary.arguments, binary.environment)) {
    throw UsageError("no case of " + binary.path + " is named \"" + names[0] +
                     "\": \"ttrace cases -- " + binary.arguments[0] + "\" lists them");
  }
  return cases;
}

namespace {

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

// As if ttrace were not there, in our place.
void run_untouched(const TestBinary& binary) {
  const std::vector<char*> arguments = c_strings(binary.arguments);
  const Environment environment = supervised(binary.environment);
  execve(binary.path.c_str(), arguments.data(), c_strings(environment).data());
  throw UsageError("cannot execute " + binary.path + ": " + std::generic_category().message(errno));
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
