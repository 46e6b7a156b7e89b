#include "cli/ticks_choice.h"

#include <fmt/format.h>

#include "base/error.h"
#include "ticks/stepped_counter.h"

namespace ttrace {

TicksChoice choose_ticks(const FlagSet& flags, const Machine& machine) {
  const std::string choice = flags.text("ticks");
  if (choice == "simulated") {
    const std::uint64_t seed = flags.has("seed") ? flags.number("seed") : 0;
    return {false, std::make_shared<SteppedCounters>(seed)};
  }
  if (choice != "hardware") return {choice != "none", nullptr};
  const CounterOffer offer = machine.counters();
  if (offer.works()) return {false, counters_of(offer)};
  const std::string name = flags.spelled("ticks");
  throw UsageError(
      fmt::format("{}=hardware is not possible here: {}; use {}=software, which needs "
                  "no counters",
                  name, offer.obstacle, name));
}

}  // namespace ttrace
