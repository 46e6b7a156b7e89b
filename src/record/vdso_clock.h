#pragma once

#include <cstdint>
#include <optional>

namespace ttrace {

/// Where clock_gettime begins in this kernel's vDSO (vdso(7)), in bytes from the image's first.
/// Nothing if there is none, or if it does what the agent cannot allow: it must leave the vector
/// registers alone, which belong to the interrupted program, and jump to nowhere that is not
/// written in it. Found once.
std::optional<std::uint64_t> vdso_clock_offset();

}  // namespace ttrace
