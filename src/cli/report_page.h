#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/stacks.h"
#include "hunt/rate.h"

namespace ttrace {

/// What a report tells, gathered; the page is made from nothing else.
struct Report {
  /// One case over all hunts that are known.
  struct Case {
    std::string name;
    std::uint64_t hunts = 0, attempts = 0, failures = 0;  ///< attempts that say something
    std::uint64_t time_ms = 0;
    std::string last_outcome;  ///< of the latest hunt
  };
  struct SourceLine {
    int number = 0;
    std::string text;
    bool failed = false;
  };
  struct Failure {
    std::string trace;  ///< file name
    std::string case_name, verdict, message;
    std::string place;  ///< "file:line"; "" if unknown
    std::uint64_t event = 0;
    int tid = 0;
    std::uint64_t seed = 0;
    std::optional<std::uint64_t> run_seed;
    int attempt = 0;
    std::string command, host, debug_command;
    std::vector<SourceLine> source;  ///< around the failed assertion, if it is there to be read
    std::vector<ThreadStack> stacks;
    std::string no_stacks;  ///< why there are none
    std::string timeline_svg;
    std::uint64_t switches = 0;
    std::vector<std::string> last_events;  ///< up to the failure, as dump prints them
    std::string output;
    std::string problem;  ///< why the trace cannot be shown, if it cannot
  };
  std::string title, written;  ///< by whom and when
  std::vector<Case> cases;
  std::vector<Failure> failures;
};

/// One HTML file that needs no other and no network, and runs no script.
std::string report_html(const Report& report);

}  // namespace ttrace
