#include "cli/hunting.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/c_strings.h"
#include "cli/commands.h"
#include "cli/interrupts.h"
#include "cli/ticks_choice.h"
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
  if (name.empty()) {
    throw UsageError(
        "this program links ttrace, but no listener of a test framework: link ttrace::gtest, or "
        "use \"ttrace record\"");
  }
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

AddressChoice asked_addresses(const FlagSet& flags) {
  const std::string asked = flags.text("aslr");
  if (asked == "auto") return AddressChoice::mixed;
  return asked == "on" ? AddressChoice::random : AddressChoice::fixed;
}

RecordingLimits recording_limits(const FlagSet& flags, const std::string& directory) {
  return {directory, flags.size("memory"), flags.size("quota")};
}

int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style) {
  const bool software_ticks = wants_software_ticks(flags, LocalMachine());
  const Interrupts interrupts;
  const std::string directory = flags.text("dir");
  const auto timeout = flags.duration("timeout");
  check_trace_directory(directory);

  HuntPlan plan;
  plan.framework = binary.framework->name;
  plan.attempts = style.attempts;
  plan.seed = flags.has("seed") ? flags.number("seed") : random_base_seed();
  plan.chaos = asked_chaos(flags);
  plan.marks = style.marks;
  plan.interrupted = interrupts.flag();
  plan.debug_command = [&](const std::string& path) {
    return style.replay_prefix + shell_quoted(path);
  };
  plan.cases = list_cases(binary, timeout, interrupts.flag());
  if (*interrupts.flag()) return 128 + interrupts.signal();

  SiteCache sites(SiteCache::default_directory());
  TickPlanCache ticks(SiteCache::default_directory());
  RecordingLab lab(
      binary,
      {timeout, directory, context.terminal, interrupts.flag(), software_ticks ? &ticks : nullptr,
       flags.text("agent") == "on", flags.texts("private"), flags.is_on("portable"),
       recording_limits(flags, directory), asked_addresses(flags)},
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
  return exit_code(tally, interrupts.signal());
}

// As if ttrace were not there, in our place.
void run_untouched(const TestBinary& binary) {
  const std::vector<char*> arguments = c_strings(binary.arguments);
  const Environment environment = supervised(binary.environment);
  execve(binary.path.c_str(), arguments.data(), c_strings(environment).data());
  throw UsageError("cannot execute " + binary.path + ": " + std::generic_category().message(errno));
}

int until_fail(const Context& context, const FlagSet& flags,
               const std::vector<std::string>& program) {
  TestBinary binary;
  binary.framework = &framework_of("gtest");
  binary.path = find_program(program.at(0), context.environment);
  binary.arguments = program;
  binary.environment = without_flag_twins(context.environment);
  if (binary.framework->runs_no_case(binary.arguments, binary.environment)) run_untouched(binary);
  HuntStyle style;
  style.attempts = int(flags.number("attempts"));
  style.marks = Marks::optional;
  style.seed_flag = "--seed";
  style.replay_prefix = "ttrace replay ";
  return hunt_in(context, binary, flags, style);
}

}  // namespace ttrace
