#pragma once

#include <string>

#include "trace/event.h"

namespace ttrace {

// How a thread comes to an event, by what the event is.

/// The event comes about by what the thread executes; the others happen where it stands.
bool needs_execution(const Event& event);

/// The system call that the event begins with, or null.
const SyscallEntry* entry_of(const EventBody& body);

/// The event is a place in user code that only its ticks tell.
bool is_place_in_time(const Event& event);

/// The event completes what a debugger counts as one instruction of its thread.
bool completes_a_step(const EventBody& body);

/// The thread was taken off the CPU between two instructions.
bool is_switch(const EventBody& body);

/// For messages.
std::string describe_event(const EventBody& body);

}  // namespace ttrace
