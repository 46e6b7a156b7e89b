#include "ticks/event_encoding.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <perfmon/pfmlib_perf_event.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "tracee/probe_child.h"

namespace ttrace {
namespace {

// Encodes as a program on a machine with that PMU would. 0 if libpfm4 says what we say, in the
// process that asks: a forced PMU stays active in it, and so does the machine's own, which may have
// an event of the same name, from the library's first use on.
int compare_forced(const std::string& pmu, const std::string& name, const EncodedEvent& event) {
  setenv("LIBPFM_FORCE_PMU", pmu.c_str(), 1);
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  pfm_perf_encode_arg_t argument{};
  argument.attr = &attributes;
  argument.size = sizeof argument;
  if (pfm_initialize() != PFM_SUCCESS) return 1;
  if (pfm_get_os_event_encoding(name.c_str(), PFM_PLM3, PFM_OS_PERF_EVENT, &argument) !=
      PFM_SUCCESS) {
    return 2;
  }
  if (attributes.type != event.type || attributes.config != event.config) return 3;
  if (attributes.config1 != event.config1 || attributes.config2 != event.config2) return 4;
  return attributes.exclude_kernel && !attributes.exclude_user ? 0 : 5;
}

std::string pmu_of(const std::string& name) { return name.substr(0, name.find("::")); }

// What the vendors' manuals say of these events: event select, and unit mask times 256. The same
// name can be another number on another PMU.
std::uint64_t expected_config(const std::string& pmu) {
  const std::map<std::string, std::uint64_t> kIntelConfigs = {
      {"icl", 0x11c4}, {"icx", 0x11c4}, {"spr", 0x11c4},     {"emr", 0x11c4}, {"gnr", 0x11c4},
      {"slm", 0x7ec4}, {"glm", 0x7ec4}, {"adl_glc", 0x11c4}, {"tmt", 0x7ec4},
  };
  if (pmu.starts_with("amd64_")) return 0x00d1;
  const auto found = kIntelConfigs.find(pmu);
  return found == kIntelConfigs.end() ? 0x01c4 : found->second;
}

TEST(EventLibrary, EncodesTheEventOfEveryRow) {
  const EventLibrary library;
  for (const TickEventRow& row : tick_event_rows()) {
    const EncodedEvent event = library.encode(row);
    EXPECT_EQ(event.type, std::uint32_t(PERF_TYPE_RAW)) << row.generation;
    EXPECT_EQ(event.config, expected_config(pmu_of(event.name))) << row.generation;
    EXPECT_EQ(event.config1, 0u) << row.generation;
    EXPECT_EQ(event.config2, 0u) << row.generation;
    EXPECT_TRUE(event.name == row.event || event.name == row.older_name) << row.generation;
    if (row.spoiler) {
      EXPECT_EQ(library.encode(std::string(row.spoiler)).config, 0x0825u) << row.generation;
    }
  }
}

// On the machine itself libpfm4 would find the PMU and say the same.
TEST(EventLibrary, AgreesWithLibpfmOnTheMachineItself) {
  std::map<std::string, EncodedEvent> encoded;
  {
    const EventLibrary library;
    for (const TickEventRow& row : tick_event_rows()) {
      const EncodedEvent event = library.encode(row);
      encoded.emplace(event.name, event);
    }
  }
  EXPECT_GT(encoded.size(), 15u);
  for (const auto& [name, event] : encoded) {
    const std::string pmu = pmu_of(name);
    ProbeChild child(
        [pmu, name = name, event = event] { return compare_forced(pmu, name, event); });
    ASSERT_EQ(child.error(), 0);
    EXPECT_EQ(child.status(), 0) << name;
  }
}

// Whatever the user's environment asks of libpfm4, which is back afterwards.
TEST(EventLibrary, IsNotMisledByTheEnvironment) {
  setenv("LIBPFM_FORCE_PMU", "snb", 1);
  setenv("LIBPFM_DISABLED_PMUS", "icl,amd64_fam19h_zen3", 1);
  {
    const EventLibrary library;
    EXPECT_EQ(library.encode(std::string("icl::BR_INST_RETIRED:COND")).config, 0x11c4u);
  }
  EXPECT_STREQ(getenv("LIBPFM_FORCE_PMU"), "snb");
  EXPECT_STREQ(getenv("LIBPFM_DISABLED_PMUS"), "icl,amd64_fam19h_zen3");
  EXPECT_EQ(getenv("LIBPFM_ENCODE_INACTIVE"), nullptr);
  unsetenv("LIBPFM_FORCE_PMU");
  unsetenv("LIBPFM_DISABLED_PMUS");
}

TEST(EventLibrary, NamesWhatItDoesNotKnow) {
  const EventLibrary library;
  for (const std::string name :
       {"nonsense::BR_INST_RETIRED:COND", "icl::NONSENSE", "icl::BR_INST_RETIRED:NONSENSE", ""}) {
    try {
      library.encode(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("event " + name + " ("), std::string::npos)
          << error.what();
    }
  }
}

TEST(EventLibrary, FallsBackToTheOlderNameOnly) {
  const EventLibrary library;
  TickEventRow row = tick_event_rows().front();
  row.event = "nonsense::A";
  row.older_name = "skl::BR_INST_RETIRED:CONDITIONAL";
  EXPECT_EQ(library.encode(row).name, row.older_name);
  row.older_name = nullptr;
  EXPECT_THROW(library.encode(row), Error);
}

TEST(TypeForCore, IsTheKernelsWhereCoresDiffer) {
  namespace fs = std::filesystem;
  std::string directory = fs::temp_directory_path() / "ticks-test-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  EXPECT_EQ(type_for_core(4, CoreKind::performance, directory), 4u);
  fs::create_directory(directory + "/cpu_core");
  const auto with = [&](const char* text) {
    std::ofstream(directory + "/cpu_core/type") << text;
    return type_for_core(4, CoreKind::performance, directory);
  };
  EXPECT_EQ(with("10\n"), 10u);
  EXPECT_EQ(type_for_core(4, CoreKind::only, directory), 4u);
  for (const char* wrong : {"", "x\n", "10x\n", "-1\n", "99999999999\n"})
    EXPECT_EQ(with(wrong), 4u);
  fs::remove_all(directory);
}

}  // namespace
}  // namespace ttrace
