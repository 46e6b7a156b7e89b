#include "hunt/rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ttrace {
namespace {

constexpr double kError = 0.05;

// The continued fraction of I_x(a, b), evaluated by the modified Lentz algorithm.
double beta_fraction(double a, double b, double x) {
  constexpr int kMostTerms = 100'000;
  constexpr double kTiny = std::numeric_limits<double>::min() * 1e10;
  constexpr double kEnough = 1e-14;
  const auto nonzero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / nonzero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1) < kEnough) break;
  }
  return result;
}

// The x with I_x(a, b) = `share`.
double beta_quantile(double a, double b, double share) {
  double low = 0, high = 1;
  // Down to the last bit, also of rates near zero.
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (incomplete_beta(a, b, middle) < share ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

std::string with_digits(double percent, double unit) {
  const int decimals = std::max(0, int(std::lround(-std::log10(unit))));
  return fmt::format("{:.{}f} %", percent, decimals);
}

// The value of the second significant digit of a percentage; tens and more are whole.
double unit_of(double percent) {
  if (percent <= 0) return 1;
  return std::min(1.0, std::pow(10, std::floor(std::log10(percent)) - 1));
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  // Each form converges fast on its side.
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

RateInterval failure_rate(std::uint64_t failures, std::uint64_t attempts, Sampling sampling) {
  if (attempts == 0) return {};
  const auto k = double(failures), n = double(attempts);
  if (failures == 0) return {0, 0, -std::expm1(std::log(kError) / n)};
  RateInterval interval{k / n, beta_quantile(k, n - k + 1, kError / 2), 1};
  // Attempts that ended with their last failure: as many or more of them were needed, which is to
  // say that the ones before had no more than the other failures.
  const bool ended = sampling == Sampling::until_it_failed;
  const double others = ended ? k - 1 : k;
  const double before = ended ? n - 1 : n;
  if (before > others) {
    interval.most = beta_quantile(others + 1, before - others, 1 - kError / 2);
  }
  return interval;
}

std::string percent_text(double share) {
  const double percent = share * 100;
  return with_digits(percent, unit_of(percent));
}

std::string percent_above(double share) {
  const double percent = share * 100;
  const double unit = unit_of(percent);
  // What is a whole number of units already, but for rounding, stays.
  return with_digits(std::ceil(percent / unit - 1e-9) * unit, unit);
}

std::string rate_text(std::uint64_t failures, std::uint64_t attempts, Sampling sampling) {
  const RateInterval interval = failure_rate(failures, attempts, sampling);
  if (failures == 0) return "under " + percent_above(interval.most) + " with 95 % confidence";
  return fmt::format("{} (95 %: {} to {})", percent_text(interval.rate),
                     percent_text(interval.least), percent_above(interval.most));
}

}  // namespace ttrace
