#pragma once

#include <cstdint>
#include <string>

#include "ticks/cpu_model.h"
#include "ticks/tick_events.h"

namespace ttrace {

/// An event as perf_event_open(2) takes it: user code only.
struct EncodedEvent {
  std::string name;  ///< the one that libpfm4 knew
  std::uint32_t type = 0;
  std::uint64_t config = 0, config1 = 0, config2 = 0;
};

/// libpfm4, told to encode events of any PMU that it knows, whether or not it finds that PMU here:
/// which CPU this is is our table's decision. While it lives, no other one may, and no other thread
/// may read the environment (libpfm4 takes its options from there).
class EventLibrary {
 public:
  /// Throws Error if libpfm4 does not start.
  EventLibrary();
  ~EventLibrary();
  EventLibrary(const EventLibrary&) = delete;
  EventLibrary& operator=(const EventLibrary&) = delete;

  /// "PMU::EVENT:UNIT_MASK". Throws Error if this libpfm4 does not know it.
  EncodedEvent encode(const std::string& name) const;
  /// The row's event, by its own or its older name.
  EncodedEvent encode(const TickEventRow& row) const;
};

/// The type that the kernel gives the PMU of a performance core, where it has one of its own;
/// otherwise `type`. `devices`: /sys/bus/event_source/devices.
std::uint32_t type_for_core(std::uint32_t type, CoreKind core, const std::string& devices);

}  // namespace ttrace
