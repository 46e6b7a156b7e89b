#include "cli/doctor.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "query/event_text.h"

namespace ttrace {
namespace {

constexpr unsigned kCapSysPtrace = 19;  // linux/capability.h

Finding tried(int error, const char* works) {
  if (error == 0) return {Finding::ok, works};
  return {Finding::no, std::string("refused (") + std::strerror(error) + ")"};
}

std::string trimmed(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \t\n");
  return end == std::string::npos ? "" : escaped(text.substr(0, end + 1));
}

/// From the bits that /proc/self/status shows.
bool may_trace_anything(const Machine& machine) {
  const std::string status = machine.read("/proc/self/status").value_or("");
  const std::size_t at = status.find("\nCapEff:");
  if (at == std::string::npos) return false;
  return std::strtoull(status.c_str() + at + 8, nullptr, 16) >> kCapSysPtrace & 1;
}

/// What gives a container away, or nothing.
std::string container_sign(const Machine& machine) {
  constexpr const char* kFiles[] = {"/.dockerenv", "/run/.containerenv"};
  for (const char* file : kFiles) {
    if (machine.read(file)) return file;
  }
  const std::string groups = machine.read("/proc/1/cgroup").value_or("");
  constexpr const char* kWords[] = {"docker", "kubepods", "containerd", "libpod", "lxc"};
  for (const char* word : kWords) {
    if (groups.find(word) != std::string::npos) return std::string(word) + " in /proc/1/cgroup";
  }
  return "";
}

Finding look_at_container(const Machine& machine, const DoctorPlaces&) {
  const std::string sign = container_sign(machine);
  return {Finding::told, sign.empty() ? "none" : "yes (" + sign + ")"};
}

Finding look_at_ptrace(const Machine& machine, const DoctorPlaces&) {
  return tried(machine.trace_child(), "a child can be traced");
}

Finding look_at_yama(const Machine& machine, const DoctorPlaces&) {
  const auto text = machine.read("/proc/sys/kernel/yama/ptrace_scope");
  if (!text) return {Finding::ok, "not in this kernel"};
  const std::string value = trimmed(*text);
  if (value == "0" || value == "1") return {Finding::ok, value + ", children can be traced"};
  if (value == "2" && may_trace_anything(machine)) return {Finding::ok, "2, with CAP_SYS_PTRACE"};
  return {Finding::no, value};
}

Finding look_at_filter(const Machine& machine, const DoctorPlaces&) {
  return tried(machine.filter_calls(), "system calls can be stopped at");
}

Finding look_at_time(const Machine& machine, const DoctorPlaces&) {
  return tried(machine.trap_time(), "rdtsc can be made to fault (PR_SET_TSC)");
}

Finding look_at_addresses(const Machine& machine, const DoctorPlaces&) {
  return tried(machine.fix_addresses(), "can be switched off: attempts have the same addresses");
}

Finding look_at_counters(const Machine& machine, const DoctorPlaces&) {
  const std::string paranoid =
      trimmed(machine.read("/proc/sys/kernel/perf_event_paranoid").value_or("unknown"));
  const CounterOffer offer = machine.counters();
  std::string found = offer.cpu;
  if (!offer.event.empty()) found += ", " + offer.event;
  found += ", kernel.perf_event_paranoid " + paranoid + ": ";
  if (!offer.works()) return {Finding::no, found + offer.obstacle};
  return {Finding::ok, fmt::format("{}exact, overflows come less than {} ticks late; used with "
                                   "--ttrace-ticks=hardware (--ticks)",
                                   found, offer.precision.skid)};
}

Finding look_at_cpuid(const Machine& machine, const DoctorPlaces&) {
  const int error = machine.trap_cpuid();
  if (error == 0) return {Finding::ok, "this CPU has it; not used yet, cpuid is patched"};
  return {Finding::no, error == ENODEV ? "not on this CPU" : std::strerror(error)};
}

Finding look_at_random(const Machine& machine, const DoctorPlaces&) {
  const CpuFeatures cpu = machine.cpu();
  if (!cpu.rdrand && !cpu.rdseed) return {Finding::told, "not on this CPU"};
  return {
      Finding::told,
      fmt::format("{}{}{}: patched where they are found, and recorded", cpu.rdrand ? "RDRAND" : "",
                  cpu.rdrand && cpu.rdseed ? ", " : "", cpu.rdseed ? "RDSEED" : "")};
}

Finding look_at_gdb(const Machine& machine, const DoctorPlaces&) {
  const GdbAnswer gdb = machine.gdb();
  if (gdb.version.empty()) return {Finding::no, "not found in PATH, or it does not run"};
  const std::string version = trimmed(gdb.version);
  if (!gdb.python) return {Finding::no, version + " has no Python"};
  return {Finding::ok, version + ", with Python"};
}

Finding look_into(const Machine& machine, const std::string& path) {
  const DirectoryAnswer answer = machine.directory(path);
  const std::string shown = escaped(path);
  if (answer.error != 0) {
    return {Finding::no, fmt::format("{}: cannot write in {} ({})", shown, escaped(answer.existing),
                                     std::strerror(answer.error))};
  }
  return {Finding::ok, fmt::format("{}, {} free", shown, size_text(answer.free_bytes))};
}

Finding look_at_cache(const Machine& machine, const DoctorPlaces& places) {
  if (places.cache.empty()) return {Finding::no, "nowhere: HOME is not set"};
  return look_into(machine, places.cache);
}

Finding look_at_traces(const Machine& machine, const DoctorPlaces& places) {
  return look_into(machine, places.traces);
}

constexpr const char* kDockerTracing =
    "run it with docker run --cap-add=SYS_PTRACE --security-opt seccomp=unconfined";

constexpr std::array kRows = {
    DoctorRow{"container", false, look_at_container, "", nullptr},
    DoctorRow{"ptrace", true, look_at_ptrace,
              "see kernel.yama.ptrace_scope, and end the debugger or sandbox around this process",
              kDockerTracing},
    DoctorRow{"kernel.yama.ptrace_scope", false, look_at_yama,
              "only root may trace, or nobody: sysctl kernel.yama.ptrace_scope=1 (after a restart "
              "if it is 3)",
              nullptr},
    DoctorRow{"seccomp filter", true, look_at_filter,
              "needs a kernel with CONFIG_SECCOMP_FILTER, and no sandbox that forbids it",
              kDockerTracing},
    DoctorRow{"time stamp counter", true, look_at_time,
              "needs Linux on x86-64 itself, not an emulation of it", kDockerTracing},
    DoctorRow{"address randomisation", false, look_at_addresses,
              "addresses differ from attempt to attempt; allow personality(2)",
              "addresses differ from attempt to attempt; run it with docker run --security-opt "
              "seccomp=unconfined"},
    DoctorRow{"hardware counters", false, look_at_counters,
              "ticks are counted in software, and traces with hardware ticks are not replayed here",
              nullptr},
    DoctorRow{"cpuid faulting", false, look_at_cpuid, "cpuid is patched where it is found",
              nullptr},
    DoctorRow{"random instructions", false, look_at_random, "", nullptr},
    DoctorRow{"gdb", false, look_at_gdb,
              "traces are recorded and replayed, but not debugged: apt-get install gdb", nullptr},
    DoctorRow{"cache directory", false, look_at_cache,
              "each binary is analysed again in each run: set TTRACE_CACHE_DIR", nullptr},
    DoctorRow{"trace directory", true, look_at_traces, "choose another with --dir=DIR (TTRACE_DIR)",
              nullptr},
};

constexpr std::array<const char*, 3> kStateNames = {"ok", "no", "--"};

}  // namespace

std::span<const DoctorRow> doctor_rows() { return kRows; }

Diagnosis diagnose(const Machine& machine, const DoctorPlaces& places) {
  const bool contained = !container_sign(machine).empty();
  Diagnosis diagnosis;
  std::string missing, next_step;
  for (const DoctorRow& row : kRows) {
    Diagnosis::Line line{&row, row.look(machine, places), ""};
    if (line.finding.state == Finding::no) {
      line.follows = contained && row.in_container ? row.in_container : row.if_no;
      if (row.required) {
        missing +=
            fmt::format("{}{}: {}", missing.empty() ? "" : ", ", row.name, line.finding.found);
        // Once what comes first works, the rest often does too.
        if (next_step.empty()) next_step = line.follows;
      }
    }
    diagnosis.lines.push_back(std::move(line));
  }
  if (!missing.empty()) diagnosis.obstacle = missing + "; " + next_step;
  return diagnosis;
}

std::string diagnosis_text(const Diagnosis& diagnosis) {
  std::size_t width = 0;
  for (const auto& line : diagnosis.lines) width = std::max(width, std::strlen(line.row->name));
  std::string text;
  for (const auto& line : diagnosis.lines) {
    text += fmt::format("{}  {:<{}}  {}{}{}\n", kStateNames[line.finding.state], line.row->name,
                        width, line.finding.found, line.follows.empty() ? "" : ": ", line.follows);
  }
  return text;
}

int examine_machine(const Context& context, const Machine& machine, const DoctorPlaces& places) {
  const Diagnosis diagnosis = diagnose(machine, places);
  context.out.write(diagnosis_text(diagnosis));
  if (!diagnosis.obstacle.empty()) {
    throw Error("recording cannot work here: " + diagnosis.obstacle);
  }
  context.out.write("recording works here\n");
  return 0;
}

}  // namespace ttrace
