#pragma once

#include <string>

#include "cli/flags.h"
#include "cli/interrupts.h"
#include "cli/ticks_choice.h"
#include "record/recorder.h"
#include "rewrite/sites.h"
#include "rewrite/tick_plan_cache.h"

namespace ttrace {

/// What the recordings of one command have in common: how its flags want them, and the plans of the
/// binaries that they map.
class RecordingSetup {
 public:
  /// Traces will be kept in `directory`. `interrupts` must outlive it. Throws UsageError where the
  /// flags ask for ticks that this machine cannot count.
  RecordingSetup(const FlagSet& flags, const std::string& directory, const Interrupts& interrupts);
  RecordingSetup(const RecordingSetup&) = delete;
  RecordingSetup& operator=(const RecordingSetup&) = delete;

  /// Refers to this object. The seed is not chosen.
  const RecordOptions& options() const { return options_; }

 private:
  TicksChoice ticks_choice_;
  SiteCache sites_;
  TickPlanCache ticks_;
  RecordOptions options_;
};

}  // namespace ttrace
