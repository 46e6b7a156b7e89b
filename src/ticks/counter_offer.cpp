#include "ticks/counter_offer.h"

#include <optional>

#include "ticks/skid.h"
#include "tracee/cpu_pin.h"
#include "tracee/task.h"

namespace ttrace {
namespace {

constexpr const char* kDevices = "/sys/bus/event_source/devices";

OverflowPrecision examine(const TickEventRow& row, const CpuModel& cpu, std::string& name) {
  EncodedEvent event;
  std::optional<EncodedEvent> spoiler;
  {
    const EventLibrary library;
    event = library.encode(row);
    if (row.spoiler) spoiler = library.encode(std::string(row.spoiler));
  }
  name = event.name;
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
    offer.precision = examine(*row, cpu, offer.event);
  } catch (const Error& error) {
    offer.obstacle = error.what();
  } catch (const TaskGone&) {
    offer.obstacle = "the child that tries the tick counter was killed";
  }
  return offer;
}

}  // namespace ttrace
