#pragma once

#include <string>

#include "cli/flags.h"
#include "cli/output.h"
#include "hunt/cases.h"
#include "hunt/verdict.h"

namespace ttrace {

/// What differs between a binary's own flags and the tool's.
struct HuntStyle {
  int attempts = 1;  ///< 0: as many as the time allows
  Marks marks = Marks::required;
  std::string flag_prefix;    ///< "--ttrace-" or "--"
  std::string replay_prefix;  ///< the path of a trace is appended to it
  /// Where nothing failed but something could not be recorded: the program runs once without us, in
  /// our place, and says how it goes.
  bool fallback = false;
};

/// Lists, hunts, tells. Returns the exit code of the run.
int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style);

}  // namespace ttrace
