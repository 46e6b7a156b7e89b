#include "cli/doctor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "cli/ticks_choice.h"

namespace ttrace {
namespace {

// A machine on which everything works until a test says otherwise.
struct FakeMachine : Machine {
  int trace = 0, filter = 0, time = 0, addresses = 0, cpuid = 0;
  CounterOffer offer{"AMD Zen 3", "zen3::BRANCHES", "", {10000, 128}, {}};
  CpuFeatures features{true, false};
  GdbAnswer debugger{"GNU gdb 13.1", true};
  std::map<std::string, DirectoryAnswer> directories;
  std::map<std::string, std::string> files = {{"/proc/sys/kernel/yama/ptrace_scope", "1\n"},
                                              {"/proc/sys/kernel/perf_event_paranoid", "2\n"}};

  int trace_child() const override { return trace; }
  int filter_calls() const override { return filter; }
  int trap_time() const override { return time; }
  int fix_addresses() const override { return addresses; }
  int trap_cpuid() const override { return cpuid; }
  CounterOffer counters() const override { return offer; }
  CpuFeatures cpu() const override { return features; }
  GdbAnswer gdb() const override { return debugger; }
  DirectoryAnswer directory(const std::string& path) const override {
    const auto found = directories.find(path);
    return found == directories.end() ? DirectoryAnswer{0, path, 1 << 20} : found->second;
  }
  std::optional<std::string> read(const std::string& path) const override {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  }
};

Diagnosis examine(const FakeMachine& machine, const std::string& cache = "/cache") {
  return diagnose(machine, {cache, "/traces"});
}

const Diagnosis::Line& line(const Diagnosis& diagnosis, std::string_view name) {
  const auto found = std::ranges::find_if(
      diagnosis.lines, [&](const Diagnosis::Line& line) { return line.row->name == name; });
  if (found == diagnosis.lines.end()) throw Error("no row " + std::string(name));
  return *found;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Doctor, NothingFollowsWhereEverythingWorks) {
  const Diagnosis diagnosis = examine(FakeMachine());
  EXPECT_EQ(diagnosis.obstacle, "");
  EXPECT_EQ(diagnosis.lines.size(), doctor_rows().size());
  for (const Diagnosis::Line& line : diagnosis.lines) {
    EXPECT_NE(line.finding.state, Finding::no) << line.row->name;
    EXPECT_EQ(line.follows, "") << line.row->name;
  }
}

TEST(Doctor, EachRefusalIsANoWithAReasonAndWhatFollows) {
  struct Case {
    const char* row;
    void (*refuse)(FakeMachine&);
    const char* found;
    bool required;
  };
  const Case cases[] = {
      {"ptrace", [](FakeMachine& m) { m.trace = EPERM; }, "Operation not permitted", true},
      {"seccomp filter", [](FakeMachine& m) { m.filter = EINVAL; }, "Invalid argument", true},
      {"time stamp counter", [](FakeMachine& m) { m.time = EINVAL; }, "Invalid argument", true},
      {"address randomisation", [](FakeMachine& m) { m.addresses = EPERM; }, "not permitted",
       false},
      {"hardware counters", [](FakeMachine& m) { m.offer.obstacle = "there are none"; },
       "AMD Zen 3, zen3::BRANCHES, kernel.perf_event_paranoid 2: there are none", false},
      {"cpuid faulting", [](FakeMachine& m) { m.cpuid = ENODEV; }, "not on this CPU", false},
      {"gdb", [](FakeMachine& m) { m.debugger = {}; }, "not found", false},
      {"gdb", [](FakeMachine& m) { m.debugger.python = false; }, "no Python", false},
      {"cache directory",
       [](FakeMachine& m) {
         m.directories["/cache"] = {EACCES, "/", 0};
       },
       "/cache: cannot write in / (Permission denied)", false},
      {"trace directory",
       [](FakeMachine& m) {
         m.directories["/traces"] = {ENOSPC, "/traces", 0};
       },
       "No space left", true},
      {"kernel.yama.ptrace_scope",
       [](FakeMachine& m) { m.files["/proc/sys/kernel/yama/ptrace_scope"] = "3\n"; }, "3", false},
  };
  for (const Case& c : cases) {
    FakeMachine machine;
    c.refuse(machine);
    const Diagnosis diagnosis = examine(machine);
    EXPECT_EQ(line(diagnosis, c.row).finding.state, Finding::no) << c.row;
    EXPECT_TRUE(contains(line(diagnosis, c.row).finding.found, c.found))
        << line(diagnosis, c.row).finding.found;
    EXPECT_NE(line(diagnosis, c.row).follows, "") << c.row;
    EXPECT_EQ(!diagnosis.obstacle.empty(), c.required) << c.row;
    EXPECT_EQ(std::ranges::count_if(
                  diagnosis.lines,
                  [](const Diagnosis::Line& l) { return l.finding.state == Finding::no; }),
              1)
        << c.row;
  }
}

TEST(Doctor, TheObstacleNamesAllThatIsMissingAndOneStep) {
  FakeMachine machine;
  machine.trace = machine.filter = EPERM;
  machine.debugger = {};
  EXPECT_EQ(examine(machine).obstacle,
            std::string("ptrace: refused (Operation not permitted), seccomp filter: refused "
                        "(Operation not permitted); ") +
                line(examine(machine), "ptrace").row->if_no);
}

TEST(Doctor, InAContainerTheStepIsAFlagOfDocker) {
  const std::pair<const char*, const char*> signs[] = {
      {"/.dockerenv", ""},
      {"/run/.containerenv", "engine=\"podman\""},
      {"/proc/1/cgroup", "0::/kubepods/besteffort/pod1\n"}};
  for (const auto& [path, contents] : signs) {
    FakeMachine machine;
    machine.trace = EPERM;
    EXPECT_FALSE(contains(examine(machine).obstacle, "docker run"));
    EXPECT_EQ(line(examine(machine), "container").finding.found, "none");
    machine.files[path] = contents;
    EXPECT_TRUE(contains(examine(machine).obstacle, "docker run --cap-add=SYS_PTRACE")) << path;
    EXPECT_TRUE(contains(line(examine(machine), "container").finding.found, path)) << path;
  }
  FakeMachine host;
  host.files["/proc/1/cgroup"] = "0::/init.scope\n";
  EXPECT_EQ(line(examine(host), "container").finding.found, "none");
}

TEST(Doctor, YamasSecondLevelNeedsACapability) {
  FakeMachine machine;
  machine.files["/proc/sys/kernel/yama/ptrace_scope"] = "2\n";
  const auto state = [&](const char* status) {
    machine.files["/proc/self/status"] = status;
    return line(examine(machine), "kernel.yama.ptrace_scope").finding.state;
  };
  EXPECT_EQ(state("Name:\tx\nCapEff:\t0000000000000000\n"), Finding::no);
  EXPECT_EQ(state("Name:\tx\nCapEff:\t0000000000080000\n"), Finding::ok);
  EXPECT_EQ(state("Name:\tx\nCapEff:\tfffffffffff7ffff\n"), Finding::no);
  EXPECT_EQ(state(""), Finding::no);
}

TEST(Doctor, NamesWhatTheCpuHas) {
  FakeMachine machine;
  const auto found = [&] { return line(examine(machine), "random instructions").finding.found; };
  EXPECT_EQ(found().find("RDRAND:"), 0u) << found();
  machine.features = {true, true};
  EXPECT_EQ(found().find("RDRAND, RDSEED:"), 0u) << found();
  machine.features = {};
  EXPECT_EQ(found(), "not on this CPU");
}

TEST(Doctor, SaysWhatWouldCountTicksAndWhatDoes) {
  FakeMachine machine;
  const auto found = [&] { return line(examine(machine), "hardware counters").finding.found; };
  EXPECT_EQ(found(),
            "AMD Zen 3, zen3::BRANCHES, kernel.perf_event_paranoid 2: exact, overflows come less "
            "than 10000 ticks late; used with --ttrace-ticks=hardware (--ticks)");
  machine.offer = {"Other family 1, model 2", "", "no event is known", {}, {}};
  EXPECT_EQ(found(), "Other family 1, model 2, kernel.perf_event_paranoid 2: no event is known");
  machine.files.erase("/proc/sys/kernel/perf_event_paranoid");
  EXPECT_TRUE(contains(found(), "kernel.perf_event_paranoid unknown"));
  EXPECT_TRUE(contains(diagnosis_text(examine(machine)), "ticks are counted in software"));
}

TEST(TicksChoice, IsSoftwareUnlessAskedAndWithoutCountersOneClearLine) {
  FakeMachine machine;
  const auto choose = [&](const char* value) {
    FlagSet flags(kRecordTool);
    if (value) {
      flags.set(*find_flag("ticks", kRecordTool), "--ticks", value, FlagSet::Source::command_line);
    }
    return choose_ticks(flags, machine);
  };
  for (const char* value : {static_cast<const char*>(nullptr), "auto", "software"}) {
    EXPECT_TRUE(choose(value).software);
    EXPECT_EQ(choose(value).counters, nullptr);
  }
  EXPECT_FALSE(choose("none").software);
  EXPECT_EQ(choose("none").counters, nullptr);
  EXPECT_FALSE(choose("hardware").software);
  EXPECT_EQ(choose("hardware").counters->precision().skid, machine.offer.precision.skid);
  EXPECT_EQ(choose("simulated").counters->event(), "simulated");
  const auto refusal = [&] {
    try {
      choose("hardware");
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  machine.offer.obstacle = "there are none";
  EXPECT_EQ(refusal(),
            "--ticks=hardware is not possible here: there are none; use --ticks=software, which "
            "needs no counters");
}

TEST(Doctor, ACacheThatIsNowhereIsNoObstacle) {
  const Diagnosis diagnosis = examine(FakeMachine(), "");
  EXPECT_EQ(line(diagnosis, "cache directory").finding.state, Finding::no);
  EXPECT_EQ(diagnosis.obstacle, "");
}

TEST(Doctor, WritesOneAlignedLineForEachRow) {
  FakeMachine machine;
  machine.addresses = EPERM;
  machine.debugger.version = "GNU gdb \x1b[31m";
  machine.directories["/traces"] = {};
  const std::string text = diagnosis_text(examine(machine));
  EXPECT_EQ(std::size_t(std::ranges::count(text, '\n')), doctor_rows().size());
  EXPECT_TRUE(contains(text, "\nok  ptrace                    a child")) << text;
  EXPECT_TRUE(contains(text, "\nok  kernel.yama.ptrace_scope  1, ")) << text;
  EXPECT_TRUE(contains(text,
                       "\nno  address randomisation     refused (Operation not permitted): "
                       "addresses differ"))
      << text;
  EXPECT_EQ(text.find("--  container "), 0u) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

// What the tries in children leave behind.
TEST(LocalMachine, LeavesNoChildAndNoFile) {
  const LocalMachine machine;
  std::string directory = std::filesystem::temp_directory_path() / "doctor-test-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  machine.trace_child();
  machine.filter_calls();
  machine.trap_time();
  machine.fix_addresses();
  machine.trap_cpuid();
  machine.counters();
  machine.gdb();
  const DirectoryAnswer below = machine.directory(directory + "/a/b");
  EXPECT_EQ(below.existing, directory);
  EXPECT_EQ(below.error, 0);
  EXPECT_GT(below.free_bytes, 0u);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_TRUE(std::filesystem::is_empty(directory));

  std::ofstream(directory + "/file") << "text";
  EXPECT_EQ(machine.directory(directory + "/file/x").error, ENOTDIR);
  EXPECT_EQ(machine.read(directory + "/file"), "text");
  EXPECT_EQ(machine.read(directory + "/none"), std::nullopt);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace ttrace
