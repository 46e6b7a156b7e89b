#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/abi.h"

namespace ttrace {

/// The word that stubs count down, in a page that the recorder maps for reading and writing. Below
/// 2 GiB, so that an instruction can name it.
inline constexpr std::uint32_t kTickCounterAddress =
    agent::kHeadAddress + offsetof(agent::Head, ticks);
/// Where a stub keeps rcx while flags are live. One for each process is enough: threads take turns,
/// and never inside a stub.
inline constexpr std::uint32_t kTickSaveAddress =
    agent::kHeadAddress + offsetof(agent::Head, tick_rcx);

}  // namespace ttrace
