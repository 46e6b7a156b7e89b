#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/process_choice.h"
#include "cli/values.h"
#include "cli/vscode.h"
#include "gdb/launch.h"
#include "hunt/verdict.h"
#include "replay/replayer.h"

namespace ttrace {
namespace {

// What a replay ends with: the recorded program's status as a shell shows it, or what timeout(1)
// and a shell show for a program that did not end by itself.
int recorded_exit_code(TraceReader& trace) {
  const EventNumber last(trace.event_count() - 1);
  const auto* end =
      trace.event_count() > 0 ? std::get_if<EndEvent>(&trace.event(last).body) : nullptr;
  if (!end) throw TraceError(trace.path() + ": damaged: its last event is not its end");
  if (end->reason == EndEvent::Reason::timed_out) return 124;
  if (end->reason == EndEvent::Reason::interrupted) return 130;
  return shell_status(trace.info().exit_status);
}

int autopilot(const Context& context, const std::string& path, const ReplayCpu& cpu, bool agent) {
  TraceReader trace(path);
  const int code = recorded_exit_code(trace);
  Replayer replayer(trace, cpu);
  replayer.use_agent(agent);
  replayer.on_output([&](int stream, ByteView text) {
    (stream == 2 ? context.err : context.out)
        .write({reinterpret_cast<const char*>(text.data()), text.size()});
  });
  replayer.run({});
  if (!replayer.at_end()) {
    throw Divergence(fmt::format("{}: the replay stopped at event {} of {}", path,
                                 replayer.position().value(), trace.event_count()));
  }
  return code;
}

/// CPUs differ in the results of some instructions: said, because a replay may then diverge.
void warn_of_another_cpu(const Context& context, const TraceReader& trace) {
  const RecordedCpu& recorded = trace.info().cpu;
  const std::string here = cpu_vendor(cpuid_here);
  const bool same = recorded.vendor == here && recorded.layout.xcr0 == xsave_layout_here().xcr0;
  if (recorded.by_vendor.empty() || same) return;
  context.err.write(fmt::format(
      "[ttrace] warning: recorded on {}, this CPU is {}: results of these may differ: {}\n",
      recorded.vendor, here, fmt::join(recorded.by_vendor, "; ")));
}

std::optional<Pid> chosen_process(const FlagSet& flags, const std::string& path) {
  if (!flags.has("pid")) return {};
  return named_process(path, flags.text("pid"), flags.spelled("pid"));
}

// Each flag of these decides what is done; the others are for gdb.
constexpr const char* kWays[] = {"autopilot", "serve", "ide"};
constexpr const char* kForGdb[] = {"batch", "ex", "commands"};

void check_combination(const FlagSet& flags) {
  const auto is_set = [&](const char* name) {
    return std::string_view(name) == "autopilot" ? flags.is_on(name) : flags.has(name);
  };
  const char* way = nullptr;
  for (const char* name : kWays) {
    if (!is_set(name)) continue;
    if (way) {
      throw UsageError(flags.spelled(way) + " and " + flags.spelled(name) + " exclude one another");
    }
    way = name;
  }
  if (!way) return;
  for (const char* name : kForGdb) {
    if (flags.from_command_line(name)) {
      throw UsageError(flags.spelled(name) + " is for gdb, which is not started here");
    }
  }
}

std::vector<std::string> gdb_commands(const FlagSet& flags) {
  std::vector<std::string> commands;
  for (const std::string& file : flags.texts("commands")) {
    if (::access(file.c_str(), R_OK) != 0) throw_errno("read the gdb commands in " + file);
    commands.push_back("source " + file);
  }
  for (const std::string& command : flags.texts("ex")) commands.push_back(command);
  return commands;
}

}  // namespace

int replay_trace(const Context& context, const FlagSet& flags, const std::string& path) {
  check_combination(flags);
  if (flags.has("ide")) {
    if (flags.text("ide") != "vscode") {
      throw UsageError(flags.spelled("ide") + " knows vscode only; docs/debugging.md tells how " +
                       "others connect");
    }
    context.out.write(write_vscode_launch(path));
    return 0;
  }
  ReplayCpu cpu = replay_cpu_here();
  if (flags.has("cpu")) {
    cpu.features = parse_cpu(flags.text("cpu"));
  }
  {
    const TraceReader trace(path);
    check_cpu(trace, cpu);
    warn_of_another_cpu(context, trace);
  }
  if (flags.is_on("autopilot")) {
    return autopilot(context, path, cpu, flags.text("agent") == "on");
  }
  if (flags.has("serve")) {
    serve(path, flags.text("serve"), chosen_process(flags, path), [&](const std::string& remote) {
      context.err.write("[ttrace] waiting for a debugger: target remote " + remote + "\n");
    });
    return 0;
  }
  DebugOptions options;
  options.batch = flags.is_on("batch");
  options.commands = gdb_commands(flags);
  options.process = chosen_process(flags, path);
  return debug_with_gdb(path, options);
}

}  // namespace ttrace
