#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace ttrace {

/// Where clock_gettime begins in this kernel's vDSO (vdso(7)), in bytes from the image's first.
/// Nothing if there is none, or if it does what the agent cannot allow: it must leave the vector
/// registers alone, which belong to the interrupted program, and jump to nowhere that is not
/// written in it. Found once.
std::optional<std::uint64_t> vdso_clock_offset();

/// Whether the function at `start` of `code`, followed as it runs with what it calls, uses no
/// vector register and goes nowhere but where its instructions say, within `code`.
bool leaves_vectors_alone(ByteView code, std::uint64_t start);

}  // namespace ttrace
