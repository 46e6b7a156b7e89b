#pragma once

#include <functional>
#include <span>
#include <vector>

#include "replay/model.h"

namespace ttrace {

// What a debugger is shown of a replayed address space: the original program, with neither
// breakpoints nor patches.

/// Reads bytes of a recorded file.
using ObjectReader =
    std::function<void(std::uint32_t object, std::uint64_t offset, std::span<std::byte> into)>;

/// Reads as much as is mapped; returns how much.
std::size_t read_shown(const ReplaySpace& space, Address at, std::span<std::byte> into,
                       const ObjectReader& read_object);

/// Where an instruction of the original program lies in the text as it runs: at its own place, in
/// copies of it, or only in those.
std::vector<Address> places_of(const ReplaySpace& space, Address at);

}  // namespace ttrace
