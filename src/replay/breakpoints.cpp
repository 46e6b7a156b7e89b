// Breakpoints are int3 in a host's text. They are asked for by process and address, and lie
// wherever the patched text has that instruction, as soon as there is some.
#include <algorithm>

#include "replay/shown_memory.h"
#include "replay/state.h"

namespace ttrace {

bool ReplaySpace::insert_breakpoint(Address at) {
  Breakpoint& breakpoint = breakpoints[at];
  if (breakpoint.count++ > 0) return true;
  const std::byte trap{0xcc};
  if (host->memory().read(at, std::span(&breakpoint.covered, 1)) == 1 &&
      host->memory().write(at, std::span(&trap, 1))) {
    return true;
  }
  breakpoints.erase(at);
  return false;
}

void ReplaySpace::remove_breakpoint(Address at) {
  const auto found = breakpoints.find(at);
  if (found == breakpoints.end() || --found->second.count > 0) return;
  host->memory().write(at, std::span(&found->second.covered, 1));
  breakpoints.erase(found);
}

bool Replayer::insert_breakpoint(Pid pid, Address at) {
  state_->breakpoints[pid].insert(at);
  return state_->insert_breakpoint(pid, at);
}

void Replayer::remove_breakpoint(Pid pid, Address at) {
  const auto asked = state_->breakpoints.find(pid);
  if (asked != state_->breakpoints.end() && asked->second.erase(at) != 0 && asked->second.empty()) {
    state_->breakpoints.erase(asked);
  }
  ReplaySpace* space = state_->space_of(pid);
  if (space == nullptr) return;
  for (const Address place : places_of(*space, at)) space->remove_breakpoint(place);
}

bool Replayer::has_breakpoint(Pid pid, Address at) const {
  const ReplaySpace* space = state_->space_of(pid);
  if (space == nullptr) return false;
  const auto places = places_of(*space, at);
  return std::any_of(places.begin(), places.end(),
                     [&](Address place) { return space->breakpoints.contains(place); });
}

/// At all places that do not have it yet. False: there are none, or nothing is mapped there.
bool Replayer::State::insert_breakpoint(Pid pid, Address at) {
  ReplaySpace* space = space_of(pid);
  if (space == nullptr) return false;
  bool inserted = false;
  for (const Address place : places_of(*space, at)) {
    if (!space->breakpoints.contains(place)) inserted |= space->insert_breakpoint(place);
  }
  return inserted;
}

/// After an event that may have mapped text, or made a process: a run that began before it stops
/// there as one that begins behind it.
void Replayer::State::insert_absent_breakpoints() {
  for (const auto& [pid, places] : breakpoints) {
    for (const Address at : places) insert_breakpoint(pid, at);
  }
}

}  // namespace ttrace
