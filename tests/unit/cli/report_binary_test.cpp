#include "cli/report_binary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace ttrace {
namespace {

BinaryReport sample() {
  BinaryReport report;
  report.path = "/lib/sample.so";
  PlanReport& plan = report.plan;
  plan.functions = 120;
  plan.unsound_functions = 3;
  plan.text_bytes = 2048;
  plan.stub_bytes = 1024;
  plan.sparse_loops = 7;
  plan.system_calls = 9;
  plan.patched_system_calls = 7;
  plan.transfers[PlanReport::loop_jump][PlanReport::in_place] = 1998;
  plan.transfers[PlanReport::loop_jump][PlanReport::no_room] = 1;
  plan.transfers[PlanReport::indirect_call][PlanReport::elsewhere] = 1;
  plan.transfers[PlanReport::indirect_jump][PlanReport::not_needed] = 40;
  report.plan_bytes = 8192;
  report.rdrand_sites = 1;
  report.cpuid_sites = 2;
  plan.patched_sites = 1;
  plan.patched_counter_reads = 2;
  report.counter_reads = 3;
  report.knows_counter_reads = true;
  return report;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportBinary, SaysEverythingInAnAlignedTable) {
  EXPECT_EQ(report_text(sample()),
            "/lib/sample.so\n"
            "  functions     120, 3 not decoded without contradiction\n"
            "  text          2 KiB\n"
            "  stubs         1 KiB\n"
            "  system calls  9, 7 of them patched\n"
            "  sparse loops  7, counted once in several turns\n"
            "  sites         1 RDRAND, 0 RDSEED, 2 CPUID, 1 of them answered in the process\n"
            "  clock         3 RDTSC, 2 of them answered in the process\n"
            "                          jump within  jump across  indirect        indirect\n"
            "  cycles closed by         a function    functions      jump  call      call    all\n"
            "  all                            1999            -         -     -         1   2000\n"
            "  counted                        1998            -         -     -         1   1999\n"
            "                                99.9%            -         -     -    100.0%  99.9%\n"
            "    in place                     1998            -         -     -         -   1998\n"
            "    by a call on the way            -            -         -     -         1      1\n"
            "  not counted                       1            -         -     -         -      1\n"
            "    no room                         1            -         -     -         -      1\n"
            "  (no room: no bytes in reach that a jump to a stub fits into)\n"
            "  (40 more transfers close no cycle by themselves)\n");
}

// The cells of one row of the text's table, a space between them.
std::string row_of(const BinaryReport& report, const std::string& name) {
  const std::string text = report_text(report);
  const std::size_t at = text.find("\n  " + name + " ");
  if (at == std::string::npos) return "no row " + name;
  const std::size_t begin = at + 3 + name.size();
  std::istringstream cells(text.substr(begin, text.find('\n', begin) - begin));
  std::string row;
  for (std::string cell; cells >> cell;) row += (row.empty() ? "" : " ") + cell;
  return row;
}

TEST(ReportBinary, EveryUncountedKindHasItsReason) {
  for (int i = 0; i < PlanReport::how_count; ++i) {
    const auto how = PlanReport::How(i);
    BinaryReport report;
    report.plan.transfers[PlanReport::call][how] = 5;
    const bool counted = PlanReport::is_counted(how);
    const bool missed = !counted && how != PlanReport::not_needed;
    const std::string reason = std::string("(") + PlanReport::name(how) + ": ";
    EXPECT_EQ(contains(report_text(report), reason), missed) << report_text(report);
    EXPECT_EQ(row_of(report, "counted"), counted ? "- - - 5 - 5" : "- - - - - 0");
    EXPECT_EQ(row_of(report, "not counted"), missed ? "- - - 5 - 5" : "- - - - - 0");
  }
}

TEST(ReportBinary, OfARefusedBinaryTheReasonAndTheSites) {
  BinaryReport report;
  report.path = "odd\nname";
  report.plan.refusal = "its code can be written";
  report.warning = "no .eh_frame";
  report.rdseed_sites = 4;
  EXPECT_EQ(report_text(report),
            "odd\\nname\n"
            "  no ticks      its code can be written\n"
            "  sites         0 RDRAND, 4 RDSEED, 0 CPUID\n"
            "  clock         read by the kernel: there may be RDTSC unknown\n"
            "  warning       no .eh_frame\n");
}

TEST(ReportBinary, JsonHoldsTheNumbers) {
  BinaryReport other;
  other.path = "\xff";
  other.plan.refusal = "it is truncated";
  const nlohmann::json json = nlohmann::json::parse(report_json({sample(), other}));
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["path"], "/lib/sample.so");
  EXPECT_EQ(json[0]["functions"], 120);
  EXPECT_EQ(json[0]["unsound_functions"], 3);
  EXPECT_EQ(json[0]["text_bytes"], 2048);
  EXPECT_EQ(json[0]["stub_bytes"], 1024);
  EXPECT_EQ(json[0]["plan_bytes"], 8192);
  EXPECT_EQ(json[0]["sparse_loops"], 7);
  EXPECT_EQ(json[0]["sites"]["cpuid"], 2);
  EXPECT_EQ(json[0]["patched_sites"], 1);
  EXPECT_EQ(json[0]["patched_rdtsc"], 2);
  EXPECT_EQ(json[0]["sites"]["rdtsc"], 3);
  EXPECT_EQ(json[0]["knows_rdtsc"], true);
  EXPECT_EQ(json[0]["refusal"], "");
  const nlohmann::json& loops = json[0]["cycles"]["jump within a function"];
  EXPECT_EQ(loops["all"], 1999);
  EXPECT_EQ(loops["counted"], 1998);
  EXPECT_EQ(loops["how"], (nlohmann::json{{"in place", 1998}, {"no room", 1}}));
  EXPECT_EQ(json[0]["cycles"]["indirect jump"]["all"], 0);
  EXPECT_EQ(json[0]["cycles"]["indirect jump"]["how"]["not needed"], 40);
  EXPECT_EQ(json[1]["refusal"], "it is truncated");
  EXPECT_EQ(nlohmann::json::parse(report_json({})).size(), 0u);
}

TEST(ReportBinary, ReadsThisTest) {
  const BinaryReport report = report_binary("/proc/self/exe");
  EXPECT_EQ(report.plan.refusal, "");
  EXPECT_GT(report.plan.functions, 0u);
  EXPECT_GT(report.plan_bytes, report.plan.stub_bytes);
}

TEST(ReportBinary, RefusesWhatIsNoBinary) {
  for (const char* path : {"/", "/dev/null", "/proc/self/status"}) {
    EXPECT_THROW(report_binary(path), UsageError) << path;
  }
  EXPECT_THROW(report_binary("/no/such/binary"), SystemError);
}

}  // namespace
}  // namespace ttrace
