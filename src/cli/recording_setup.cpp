#include "cli/recording_setup.h"

#include "cli/asked.h"

namespace ttrace {

RecordingSetup::RecordingSetup(const FlagSet& flags, const std::string& directory,
                               const Interrupts& interrupts)
    : ticks_choice_(choose_ticks(flags, LocalMachine())),
      sites_(SiteCache::default_directory()),
      ticks_(SiteCache::default_directory()) {
  options_.sites = &sites_;
  if (ticks_choice_.software) options_.ticks = &ticks_;
  options_.counters = ticks_choice_.counters.get();
  options_.agent = flags.text("agent") == "on";
  options_.chaos = asked_chaos(flags).value_or(Chaos::mixed);
  options_.addresses = asked_addresses(flags);
  options_.timeout = flags.duration("timeout");
  options_.private_paths = flags.texts("private");
  options_.portable = flags.is_on("portable");
  options_.limits = asked_recording_limits(flags, directory);
  options_.interrupted = interrupts.flag();
}

}  // namespace ttrace
