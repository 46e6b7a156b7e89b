#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output.h"
#include "rewrite/tick_plan.h"

namespace ttrace {

/// What ttrace makes of one binary: what it counts, and what it patches.
struct BinaryReport {
  std::string path;
  PlanReport plan;  ///< its refusal says why there is no plan
  std::uint64_t plan_bytes = 0;
  std::uint64_t rdrand_sites = 0;
  std::uint64_t rdseed_sites = 0;
  std::uint64_t cpuid_sites = 0;
  std::uint64_t counter_reads = 0;   ///< RDTSC and RDTSCP
  bool knows_counter_reads = false;  ///< those are all (SitePlan)
  std::string warning;
};

/// Analyses the binary as a recording would, without a cache. Throws UsageError for what is no
/// x86-64 ELF file, SystemError for what cannot be read.
BinaryReport report_binary(const std::string& path);

/// Aligned lines for a reader.
std::string report_text(const BinaryReport& report);
/// An array with one object for each report.
std::string report_json(const std::vector<BinaryReport>& reports);

/// ttrace inspect. An error of one binary does not keep the others from their turn.
int inspect_binaries(const Context& context, const std::vector<std::string>& paths, bool json);

}  // namespace ttrace
