// Prints, for each binary, what its tick plan counts and how long planning took.
//   tick_report [-o DIRECTORY] BINARY...
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>

#include "rewrite/tick_plan.h"

using namespace ttrace;

static void print(const char* path) {
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  const auto begin = std::chrono::steady_clock::now();
  PlanReport report;
  const auto plan = build_tick_plan(fd.value(), report);
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%s: text %lu KiB, %lu functions (%lu unsound), plan in %.0f ms%s%s\n", path,
              report.text_bytes >> 10, report.functions, report.unsound_functions, ms,
              plan ? "" : ", no plan: ", report.refusal.c_str());
  if (!plan) return;
  std::printf("  stubs %lu KiB, plan %zu KiB; %lu small loops, %lu plain targets, live flags %lu\n",
              report.stub_bytes >> 10, plan->size() >> 10, report.sparse_loops,
              report.plain_targets, report.targets_with_live_flags);
  for (int kind = 0; kind < PlanReport::kind_count; ++kind) {
    std::uint64_t total = 0;
    for (const auto n : report.transfers[kind]) total += n;
    std::printf("  %-24s %7lu:", PlanReport::name(PlanReport::Kind(kind)), total);
    for (int how = 0; how < PlanReport::how_count; ++how)
      if (report.transfers[kind][how])
        std::printf(" %s %.1f%%;", PlanReport::name(PlanReport::How(how)),
                    100.0 * report.transfers[kind][how] / total);
    std::printf("\n");
  }
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) print(argv[i]);
}
