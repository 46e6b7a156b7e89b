#pragma once

#include <cstdint>

#include "rewrite/control_flow.h"

namespace ttrace {

/// Whether the flags that DEC changes (all status flags but carry) are dead on every path from an
/// address: overwritten before anything reads them. At calls and returns they are dead by the
/// calling convention. False when in doubt.
bool flags_dead_at(const CodeImage& image, const ControlFlow& flow, std::uint64_t address);

}  // namespace ttrace
