#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "trace/event.h"

namespace ttrace {

// How a thread comes to an event, by what the event is.

/// The event comes about by what the thread executes; the others happen where it stands.
bool needs_execution(const Event& event);

/// The system call that the event begins with, or null.
const SyscallEntry* entry_of(const EventBody& body);

/// The system call that the program makes with the event; the calls of marks are ours.
std::optional<std::int64_t> call_begun(const EventBody& body);
/// The event is, or ends with, the return of a system call. `inside`: the one whose enter event was
/// the thread's last.
std::optional<std::int64_t> call_ended(const EventBody& body,
                                       const std::optional<SyscallEntry>& inside);

/// The event is a place in user code that only its ticks tell.
bool is_place_in_time(const Event& event);

/// The event completes what a debugger counts as one instruction of its thread.
bool completes_a_step(const EventBody& body);

/// The thread was taken off the CPU between two instructions.
bool is_switch(const EventBody& body);

/// For messages.
std::string describe_event(const EventBody& body);

}  // namespace ttrace
