#include "ticks/counter_offer.h"

#include <optional>

#include "ticks/hardware_counter.h"
#include "ticks/skid.h"
#include "ticks/stepped_counter.h"
#include "tracee/cpu_pin.h"
#include "tracee/task.h"

namespace ttrace {
namespace {

constexpr const char* kDevices = "/sys/bus/event_source/devices";

OverflowPrecision examine(const TickEventRow& row, const CpuModel& cpu, CounterOffer& offer) {
  EncodedEvent& event = offer.encoded;
  std::optional<EncodedEvent> spoiler;
  {
    const EventLibrary library;
    event = library.encode(row);
    if (row.spoiler) spoiler = library.encode(std::string(row.spoiler));
  }
  offer.event = event.name;
  event.type = type_for_core(event.type, cpu.core, kDevices);
  return judge_trial(row, try_counter(event, spoiler ? &*spoiler : nullptr));
}

}  // namespace

CounterOffer examine_counters() {
  const CpuPin pin;
  const CpuModel cpu = this_cpu();
  CounterOffer offer;
  offer.cpu = to_string(cpu);
  const TickEventRow* row = find_tick_event(cpu);
  if (row == nullptr) {
    offer.obstacle = no_tick_event_text(cpu);
    return offer;
  }
  offer.cpu = row->generation;
  try {
    offer.precision = examine(*row, cpu, offer);
  } catch (const Error& error) {
    offer.obstacle = error.what();
  } catch (const TaskGone&) {
    offer.obstacle = "the child that tries the tick counter was killed";
  }
  return offer;
}

std::shared_ptr<const TickCounters> counters_of(const CounterOffer& offer) {
  return std::make_shared<HardwareCounters>(offer.encoded, offer.precision);
}

std::shared_ptr<const TickCounters> counters_like(const std::string& event, std::uint64_t seed) {
  if (event == SteppedCounters::kEvent) return std::make_shared<SteppedCounters>(seed);
  const CounterOffer offer = examine_counters();
  if (offer.works()) return counters_of(offer);
  throw Error("the recording has hardware ticks (" + event +
              "), and this machine cannot count them: " + offer.obstacle +
              "; replay it on a machine with hardware counters, or record with "
              "--ttrace-ticks=software (--ticks)");
}

}  // namespace ttrace
