#pragma once

#include <cstdint>
#include <string_view>

namespace ttrace {

/// The seed of one attempt, from the base seed of the run, the case and the attempt's number
/// (counted from 1). A case's attempts get the same seeds whatever other cases are selected, and in
/// every later version: the chain is
///   mix(mix(base ^ fnv1a64(case_name)) + attempt)
/// with mix(x) = the output of SplitMix64 in state x, and fnv1a64 the 64-bit FNV-1a hash.
std::uint64_t attempt_seed(std::uint64_t base, std::string_view case_name, std::uint64_t attempt);

/// A base seed for a run that was given none; short enough to be typed.
std::uint64_t random_base_seed();

}  // namespace ttrace
