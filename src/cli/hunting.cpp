#include "cli/hunting.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/c_strings.h"
#include "cli/commands.h"
#include "cli/ctest.h"
#include "cli/interrupts.h"
#include "cli/rules.h"
#include "cli/ticks_choice.h"
#include "hunt/binary.h"
#include "hunt/hunt.h"
#include "hunt/native.h"
#include "hunt/seeds.h"

namespace ttrace {

Environment without_flag_twins(Environment environment) {
  for (const FlagRow& row : flag_rows()) {
    const std::string twin = environment_twin(row);
    environment = without_names(std::move(environment), std::array{twin.c_str()});
  }
  return environment;
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

namespace {

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
  const bool software_ticks = wants_software_ticks(flags, LocalMachine());
  const Interrupts interrupts;
  const std::string directory = flags.text("dir");
  const auto timeout = flags.duration("timeout");
  check_trace_directory(directory);
  const AttachedTrace attached(flags.text("attach"));

  HuntPlan plan;
  if (binary.framework->listing_commands) plan.framework = binary.framework->name;
  plan.attempts = style.attempts;
  plan.seed = flags.has("seed") ? flags.number("seed") : random_base_seed();
  plan.chaos = asked_chaos(flags);
  plan.rules = asked_rules(flags, style.marks);
  plan.interrupted = interrupts.flag();
  std::vector<std::string> kept;
  plan.debug_command = [&](const std::string& path) {
    kept.push_back(path);
    return style.replay_prefix + shell_quoted(path);
  };
  plan.cases = selected_cases(flags, binary, interrupts.flag());
  if (*interrupts.flag()) return 128 + interrupts.signal();
  if (plan.cases.empty()) {
    context.out.write("[ttrace] no case is in this shard\n");
    return 0;
  }

  SiteCache sites(SiteCache::default_directory());
  TickPlanCache ticks(SiteCache::default_directory());
  RecordingLab lab(
      binary,
      {timeout, directory, context.terminal, interrupts.flag(), software_ticks ? &ticks : nullptr,
       flags.texts("private"), recording_limits(flags, directory)},
      sites);
  Progress progress(context.console(), [&] { return lab.now(); });
  HuntTally tally;
  progress.begin(plan.cases, plan.attempts, plan.seed,
                 fmt::format("{}={}", style.seed_flag, plan.seed));
  try {
    hunt(plan, lab, progress, tally);
  } catch (...) {
    progress.end(tally);
    throw;
  }
  progress.end(tally);
  context.out.write(ctest_lines(kept, context.environment));
  attached.attach(kept);
  const bool unknown = tally.failed == 0 && tally.not_recordable > 0 && !tally.interrupted;
  if (style.fallback && unknown) run_plainly(context, binary, flags, "it cannot be recorded");
  return exit_code(tally, interrupts.signal());
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
  style.attempts = int(flags.number("attempts"));
  style.marks = marks_of(context, binary);
  style.seed_flag = "--seed";
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
