#include "cli/report_binary.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "query/event_text.h"
#include "rewrite/cache_directory.h"
#include "rewrite/elf_file.h"

namespace ttrace {
namespace {

using Kind = PlanReport::Kind;
using How = PlanReport::How;

/// A row or the sums of the table of cycles: how many transfers of each kind.
using Counts = std::array<std::uint64_t, PlanReport::kind_count>;

Counts count_where(const PlanReport& plan, const std::function<bool(How)>& chosen) {
  Counts counts{};
  for (int kind = 0; kind < PlanReport::kind_count; ++kind) {
    for (int how = 0; how < PlanReport::how_count; ++how) {
      if (chosen(How(how))) counts[kind] += plan.transfers[kind][how];
    }
  }
  return counts;
}

std::uint64_t sum(const Counts& counts) {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts) total += count;
  return total;
}

/// Closes a cycle, counted or not.
bool closes_cycle(How how) { return how != How::not_needed; }
bool is_missed(How how) { return !PlanReport::is_counted(how) && closes_cycle(how); }

struct Reason {
  How how;
  const char* why;
};
constexpr Reason kReasons[] = {
    {How::no_room, "no bytes in reach that a jump to a stub fits into"},
    {How::unsound, "in a function that cannot be decoded without contradiction"},
    {How::unreached, "nothing is known to lead there"},
    {How::odd, "prefixes or operands that are not understood"},
};

/// "jump within a function" becomes "jump within" over "a function".
std::pair<std::string, std::string> in_two_lines(const std::string& name) {
  std::size_t best = std::string::npos;
  const auto distance = [&](std::size_t at) {
    return at > name.size() / 2 ? at - name.size() / 2 : name.size() / 2 - at;
  };
  for (std::size_t at = name.find(' '); at != std::string::npos; at = name.find(' ', at + 1)) {
    if (best == std::string::npos || distance(at) < distance(best)) best = at;
  }
  if (best == std::string::npos) return {"", name};
  return {name.substr(0, best), name.substr(best + 1)};
}

/// Cells as lines: the first column to the left, the others to the right, each as wide as needed.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i])
                     : fmt::format("  {:>{}}", row[i], widths[i]);
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::vector<std::string> table_row(const std::string& name, const Counts& counts) {
  std::vector<std::string> row = {name};
  for (const std::uint64_t count : counts) row.push_back(count ? std::to_string(count) : "-");
  row.push_back(std::to_string(sum(counts)));
  return row;
}

/// Rounded down: what is not all is never shown as 100 %.
std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const auto tenths = std::uint64_t(1000.0L * part / whole);
  return fmt::format("{}.{}%", tenths / 10, tenths % 10);
}

std::string cycles_text(const PlanReport& plan) {
  const Counts all = count_where(plan, closes_cycle);
  const Counts counted = count_where(plan, PlanReport::is_counted);
  std::vector<std::vector<std::string>> rows(2);
  rows[0].emplace_back();
  rows[1].emplace_back("cycles closed by");
  for (int kind = 0; kind < PlanReport::kind_count; ++kind) {
    const auto [upper, lower] = in_two_lines(PlanReport::name(Kind(kind)));
    rows[0].push_back(upper);
    rows[1].push_back(lower);
  }
  rows[1].emplace_back("all");
  rows.push_back(table_row("all", all));

  const auto add_each = [&](const std::function<bool(How)>& chosen) {
    for (int how = 0; how < PlanReport::how_count; ++how) {
      const Counts counts = count_where(plan, [&](How other) { return other == How(how); });
      if (chosen(How(how)) && sum(counts) > 0) {
        rows.push_back(table_row(std::string("  ") + PlanReport::name(How(how)), counts));
      }
    }
  };
  rows.push_back(table_row("counted", counted));
  std::vector<std::string> shares = {""};
  for (int kind = 0; kind < PlanReport::kind_count; ++kind) {
    shares.push_back(share_text(counted[kind], all[kind]));
  }
  shares.push_back(share_text(sum(counted), sum(all)));
  rows.push_back(std::move(shares));
  add_each(PlanReport::is_counted);
  rows.push_back(table_row("not counted", count_where(plan, is_missed)));
  add_each(is_missed);

  std::string text = aligned(rows, "  ");
  for (const Reason& reason : kReasons) {
    if (sum(count_where(plan, [&](How how) { return how == reason.how; })) == 0) continue;
    text += fmt::format("  ({}: {})\n", PlanReport::name(reason.how), reason.why);
  }
  const std::uint64_t harmless = sum(count_where(plan, std::not_fn(closes_cycle)));
  if (harmless > 0) {
    text += fmt::format("  ({} more transfers close no cycle by themselves)\n", harmless);
  }
  return text;
}

/// Opened so that nothing in place of a file (a FIFO, a terminal) can hold us up.
Fd open_binary(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  const std::string shown = escaped(path);
  if (!fd) throw_errno("cannot read " + shown + " (name a program or a shared library)");
  struct stat status {};
  if (fstat(fd.value(), &status) != 0) throw_errno("fstat " + shown);
  if (!S_ISREG(status.st_mode) || !ElfFile::open(fd.value())) {
    throw UsageError(shown + " is no x86-64 ELF file: name a program or a shared library");
  }
  return fd;
}

/// A plan that nobody keeps.
TickPlan in_memory(const Bytes& plan) {
  Fd file(memfd_create("ttrace-plan", MFD_CLOEXEC));
  if (!file || !write_all(file.value(), plan)) throw_errno("a file in memory for the plan");
  return TickPlan::open(std::move(file));
}

std::uint64_t count_sites(const std::vector<Site>& sites, InstructionEvent::Kind kind) {
  return std::uint64_t(std::ranges::count(sites, kind, &Site::kind));
}

nlohmann::json json_of(const BinaryReport& report) {
  const PlanReport& plan = report.plan;
  nlohmann::json cycles = nlohmann::json::object();
  for (int kind = 0; kind < PlanReport::kind_count; ++kind) {
    nlohmann::json& row = cycles[PlanReport::name(Kind(kind))];
    row["all"] = count_where(plan, closes_cycle)[kind];
    row["counted"] = count_where(plan, PlanReport::is_counted)[kind];
    row["how"] = nlohmann::json::object();
    for (int how = 0; how < PlanReport::how_count; ++how) {
      if (plan.transfers[kind][how])
        row["how"][PlanReport::name(How(how))] = plan.transfers[kind][how];
    }
  }
  return {{"path", report.path},
          {"refusal", plan.refusal},
          {"warning", report.warning},
          {"functions", plan.functions},
          {"unsound_functions", plan.unsound_functions},
          {"text_bytes", plan.text_bytes},
          {"stub_bytes", plan.stub_bytes},
          {"plan_bytes", report.plan_bytes},
          {"sparse_loops", plan.sparse_loops},
          {"system_calls", plan.system_calls},
          {"patched_system_calls", plan.patched_system_calls},
          {"patched_sites", plan.patched_sites},
          {"patched_rdtsc", plan.patched_counter_reads},
          {"plain_targets", plan.plain_targets},
          {"targets_with_live_flags", plan.targets_with_live_flags},
          {"sites",
           {{"rdrand", report.rdrand_sites},
            {"rdseed", report.rdseed_sites},
            {"cpuid", report.cpuid_sites},
            {"rdtsc", report.counter_reads}}},
          {"knows_rdtsc", report.knows_counter_reads},
          {"cycles", std::move(cycles)}};
}

}  // namespace

BinaryReport report_binary(const std::string& path) {
  const Fd fd = open_binary(path);
  BinaryReport report;
  report.path = path;
  const std::optional<Bytes> bytes = build_tick_plan(fd.value(), report.plan);
  if (bytes) {
    report.plan_bytes = bytes->size();
    report.warning = in_memory(*bytes).warning();
  }
  // Without a plan it runs without ticks; these are patched all the same.
  const SitePlan found = analyse_sites(fd.value());
  if (!bytes) report.warning = found.warning;
  report.counter_reads = found.counter_reads.size();
  report.knows_counter_reads = found.knows_counter_reads;
  const std::vector<Site>& sites = found.sites;
  report.rdrand_sites = count_sites(sites, InstructionEvent::Kind::rdrand);
  report.rdseed_sites = count_sites(sites, InstructionEvent::Kind::rdseed);
  report.cpuid_sites = count_sites(sites, InstructionEvent::Kind::cpuid);
  return report;
}

namespace {

std::string answered_text(std::uint64_t patched) {
  return patched > 0 ? fmt::format(", {} of them answered in the process", patched) : "";
}

std::string sites_text(const BinaryReport& report) {
  return fmt::format("{} RDRAND, {} RDSEED, {} CPUID", report.rdrand_sites, report.rdseed_sites,
                     report.cpuid_sites) +
         answered_text(report.plan.patched_sites);
}

std::string clock_text(const BinaryReport& report) {
  if (!report.knows_counter_reads) return "read by the kernel: there may be RDTSC unknown";
  return fmt::format("{} RDTSC", report.counter_reads) +
         answered_text(report.plan.patched_counter_reads);
}

}  // namespace

std::string report_text(const BinaryReport& report) {
  const PlanReport& plan = report.plan;
  const bool planned = plan.refusal.empty();
  std::string functions = std::to_string(plan.functions);
  if (plan.unsound_functions > 0) {
    functions += fmt::format(", {} not decoded without contradiction", plan.unsound_functions);
  }
  const std::pair<const char*, std::string> lines[] = {
      {"no ticks", planned ? "" : plan.refusal},
      {"functions", planned ? functions : ""},
      {"text", planned ? size_text(plan.text_bytes) : ""},
      {"stubs", planned ? size_text(plan.stub_bytes) : ""},
      {"system calls",
       planned ? fmt::format("{}, {} of them patched", plan.system_calls, plan.patched_system_calls)
               : ""},
      {"sparse loops",
       planned ? fmt::format("{}, counted once in several turns", plan.sparse_loops) : ""},
      {"sites", sites_text(report)},
      {"clock", clock_text(report)},
      {"warning", report.warning},
  };
  std::string text = escaped(report.path) + "\n";
  for (const auto& [name, value] : lines) {
    if (!value.empty()) text += fmt::format("  {:<13} {}\n", name, value);
  }
  if (planned) text += cycles_text(plan);
  return text;
}

std::string report_json(const std::vector<BinaryReport>& reports) {
  nlohmann::json json = nlohmann::json::array();
  for (const BinaryReport& report : reports) json.push_back(json_of(report));
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int inspect_binaries(const Context& context, const std::vector<std::string>& paths, bool json) {
  int code = 0;
  bool first = true;
  std::vector<BinaryReport> reports;
  for (const std::string& path : paths) {
    try {
      BinaryReport report = report_binary(path);
      if (json) {
        reports.push_back(std::move(report));
      } else {
        context.out.write((first ? "" : "\n") + report_text(report));
        first = false;
      }
    } catch (const Error& error) {
      context.err.write(std::string("ttrace: ") + error.what() + "\n");
      code = 2;
    }
  }
  if (json) context.out.write(report_json(reports));
  return code;
}

}  // namespace ttrace
