#include "cli/ticks_choice.h"

#include <fmt/format.h>

#include "base/error.h"

namespace ttrace {

bool wants_software_ticks(const FlagSet& flags, const Machine& machine) {
  const std::string choice = flags.text("ticks");
  if (choice != "hardware") return choice != "none";
  const CounterOffer offer = machine.counters();
  const std::string why = offer.works()
                              ? fmt::format(
                                    "{} counts ticks exactly here, but this version of ttrace does "
                                    "not record with hardware counters yet",
                                    offer.event)
                              : offer.obstacle;
  const std::string name = flags.spelled("ticks");
  throw UsageError(
      fmt::format("{}=hardware is not possible here: {}; use {}=software, which needs "
                  "no counters",
                  name, why, name));
}

}  // namespace ttrace
