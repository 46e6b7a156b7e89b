#pragma once

#include <cstdint>
#include <string>

namespace ttrace {

/// How a number of attempts was chosen: it decides what their failures say.
enum class Sampling {
  fixed,            ///< so many attempts, whatever they did
  until_it_failed,  ///< the last attempt is the failure that ended it
};

/// What attempts say about how often a case fails: with 95 % confidence the rate lies between.
struct RateInterval {
  double rate = 0;  ///< failures by attempts
  double least = 0;
  double most = 1;
};

/// Clopper's and Pearson's exact interval: 2.5 % of error at each end, or all 5 % at the upper end
/// if nothing failed (the exact form of the "rule of three"). `failures` <= `attempts`; without
/// attempts nothing is known.
RateInterval failure_rate(std::uint64_t failures, std::uint64_t attempts, Sampling sampling);

/// Two significant digits: "0.6 %", "12 %", "0.0031 %".
std::string percent_text(double share);
/// The same, never less than the number itself: for upper bounds.
std::string percent_above(double share);

/// "2.4 % (95 %: 1.2 % to 4.2 %)"; if nothing failed "under 0.6 % with 95 % confidence".
std::string rate_text(std::uint64_t failures, std::uint64_t attempts, Sampling sampling);

/// I_x(a, b), the share of a beta distribution below x. a, b > 0.
double incomplete_beta(double a, double b, double x);

}  // namespace ttrace
