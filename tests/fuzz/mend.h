#pragma once

#include "base/bytes.h"

namespace ttrace::fuzz {

/// Makes the checksums of a damaged trace right again, and its size, as far as its parts can be
/// recognised: what lies behind them is then read. (docs/trace-format.md)
void mend_trace(Bytes& file);

}  // namespace ttrace::fuzz
