#include <fmt/format.h>

#include "cli/asked.h"
#include "cli/commands.h"
#include "cli/hunting.h"
#include "cli/test_binary.h"
#include "cli/values.h"
#include "hunt/native.h"
#include "hunt/progress.h"

namespace ttrace {
namespace {

// What the start lines said before "--".
struct Handshake {
  std::string framework;
  std::vector<std::string> arguments;
};

Handshake read_handshake(const std::vector<std::string>& arguments) {
  Handshake result;
  std::string protocol;
  std::size_t i = 0;
  for (; i < arguments.size() && arguments[i] != "--"; ++i) {
    constexpr std::string_view kFramework = "--framework=", kProtocolFlag = "--protocol=";
    // Unknown words belong to another protocol, which the number tells.
    if (arguments[i].starts_with(kFramework)) {
      result.framework = arguments[i].substr(kFramework.size());
    } else if (arguments[i].starts_with(kProtocolFlag)) {
      protocol = arguments[i].substr(kProtocolFlag.size());
    }
  }
  if (protocol.empty()) {
    throw UsageError(
        "\"ttrace supervise\" is what a test binary executes: run the binary with "
        "--ttrace-until-fail=N, or use \"ttrace until-fail\"");
  }
  if (parse_number(protocol) != std::uint64_t(kProtocol)) {
    throw UsageError(fmt::format(
        "the test binary was built with another version of ttrace (protocol {}, this supervisor "
        "speaks {}): rebuild the tests or install the matching ttrace",
        protocol, kProtocol));
  }
  if (i < arguments.size()) result.arguments.assign(arguments.begin() + i + 1, arguments.end());
  if (result.arguments.empty()) throw UsageError("\"ttrace supervise\" was given no command line");
  return result;
}

// The one mode that is on, or "". Throws if there are several.
std::string mode_of(const FlagSet& flags) {
  std::string mode;
  for (const FlagRow& row : flag_rows()) {
    const bool on = row.value == FlagValue::none ? flags.is_on(row.name) : flags.has(row.name);
    if (!row.is_mode || !(row.places & kInBinary) || !on) continue;
    if (!mode.empty()) {
      throw UsageError(fmt::format("{} and {} exclude one another", flags.spelled(mode),
                                   flags.spelled(row.name)));
    }
    mode = row.name;
  }
  return mode;
}

constexpr const char* kHuntFlags[] = {"timeout", "seed",        "dir",      "case",
                                      "fail-on", "follow",      "keep",     "jobs",
                                      "output",  "environment", "max-size", "max-traces"};
constexpr const char* kReplayFlags[] = {"autopilot", "serve", "batch", "ex"};

// A flag that the user typed and that the mode does not heed is a mistake; a variable is not.
void refuse_flags(const FlagSet& flags, std::span<const char* const> names,
                  const std::string& instead) {
  for (const char* name : names) {
    if (flags.from_command_line(name)) {
      throw UsageError(flags.spelled(name) + " needs " + instead);
    }
  }
}

}  // namespace

int supervise(const Context& context, const std::vector<std::string>& arguments) {
  const Handshake handshake = read_handshake(arguments);
  const BinaryFlags parsed = parse_binary_flags(handshake.arguments, context.environment);
  const FlagSet& flags = parsed.flags;
  std::string mode = mode_of(flags);
  // A time alone says what to do, too.
  if (mode.empty() && flags.from_command_line("time")) mode = "until-fail";
  const std::string hunts = "--ttrace-until-fail=N or --ttrace-record";
  if (mode == "help") {
    context.out.write(binary_help());
    return 0;
  }
  if (mode != "replay") refuse_flags(flags, kReplayFlags, "--ttrace-replay=FILE");
  if (mode == "replay") {
    refuse_flags(flags, kHuntFlags, hunts);
    return replay_trace(context, flags, flags.text("replay"));
  }
  if (mode.empty()) refuse_flags(flags, kHuntFlags, hunts);

  TestBinary binary;
  // Without a listener: a program of its own kind, which marks its cases itself or not at all.
  binary.framework = &framework_of(handshake.framework.empty() ? "none" : handshake.framework);
  const auto executable = environment_value(context.environment, "TTRACE_EXECUTABLE");
  binary.path = executable && !executable->empty()
                    ? *executable
                    : find_program(handshake.arguments[0], context.environment);
  binary.arguments = parsed.rest;
  binary.environment = without_flag_twins(context.environment);
  if (mode.empty() || binary.framework->runs_no_case(binary.arguments, binary.environment)) {
    run_untouched(binary);
  }
  HuntStyle style;
  if (handshake.framework.empty()) style.marks = Marks::optional;
  style.attempts = mode == "until-fail" ? int(flags.number("until-fail")) : 1;  // 0: not given
  style.flag_prefix = "--ttrace-";
  style.replay_prefix = shell_quoted(parsed.rest[0]) + " --ttrace-replay=";
  return hunt_in(context, binary, flags, style);
}

}  // namespace ttrace
