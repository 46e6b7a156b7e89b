#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
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

}  // namespace

int replay_trace(const Context& context, const FlagSet& flags, const std::string& path) {
  const bool to_the_end = flags.is_on("autopilot");
  const bool serves = flags.has("serve");
  if (to_the_end && serves) {
    throw UsageError(flags.spelled("autopilot") + " and " + flags.spelled("serve") +
                     " exclude one another");
  }
  if (to_the_end || serves) {
    for (const char* name : {"batch", "ex"}) {
      if (flags.from_command_line(name)) {
        throw UsageError(flags.spelled(name) + " is for gdb, which is not started here");
      }
    }
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
  if (to_the_end) return autopilot(context, path, cpu, flags.text("agent") == "on");
  if (serves) {
    serve(path, flags.text("serve"), [&](const std::string& remote) {
      context.err.write("[ttrace] waiting for a debugger: target remote " + remote + "\n");
    });
    return 0;
  }
  DebugOptions options;
  options.batch = flags.is_on("batch");
  options.commands = flags.texts("ex");
  return debug_with_gdb(path, options);
}

}  // namespace ttrace
