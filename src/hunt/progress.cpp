#include "hunt/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace ttrace {
namespace {

constexpr std::size_t kLeastNameWidth = 20, kMostNameWidth = 60;
constexpr std::chrono::milliseconds kStatusInterval{100};
// An upper bound above this is no news: a handful of attempts.
constexpr double kMostWorthTelling = 0.5;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// A message of several lines in one: "Expected equality of these values: size() Which is: 3 4".
std::string on_one_line(const std::string& text) {
  constexpr std::size_t kLongest = 200;
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line.size() <= kLongest ? line : line.substr(0, kLongest) + "...";
}

std::string file_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// "queue_test.cpp:42: message   <- event 1184, thread 3"
std::string failure_line(const Failure& failure) {
  std::string where = failure.file.empty() ? "" : file_name(failure.file) + ":";
  if (!where.empty() && failure.line > 0) where += std::to_string(failure.line) + ":";
  if (!where.empty()) where += " ";
  return fmt::format("{}{}   <- event {}, thread {}", where, on_one_line(failure.message),
                     failure.event.value(), failure.tid.value());
}

std::string outcome_text(const CaseResult& result) {
  if (result.sampling == Sampling::fixed && result.attempts > 1) {
    return fmt::format("FAILED {} of {}", result.failures, result.attempts);
  }
  const KeptFailure& failed = result.kept.front();
  const std::string what =
      failed.verdict.kind == Verdict::Kind::failed ? "FAILED" : to_string(failed.verdict);
  std::string text = fmt::format("{} on attempt {}", what, failed.attempt);
  if (failed.verdict.kind == Verdict::Kind::failed && !failed.verdict.detail.empty()) {
    text += " (" + failed.verdict.detail + ")";
  }
  return text;
}

std::string of_text(std::uint64_t done, int of) {
  return of > 0 ? fmt::format("{}/{}", done, of) : std::to_string(done);
}

std::string plural(std::uint64_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

double seconds(std::chrono::milliseconds time) { return double(time.count()) / 1000; }

}  // namespace

Progress::Progress(Console console, Clock clock)
    : console_(std::move(console)), clock_(std::move(clock)) {}

void Progress::begin(const std::vector<TestCase>& cases, const Aim& aim) {
  began_ = clock_();
  name_width_ = kLeastNameWidth;
  for (const TestCase& test : cases) {
    name_width_ = std::max(name_width_, std::min(test.name.size(), kMostNameWidth));
  }
  std::string limits = aim.attempts == 1  ? "one attempt each"
                       : aim.attempts > 1 ? fmt::format("up to {} attempts each", aim.attempts)
                                          : "attempts";
  if (aim.time.count() > 0) limits += " for " + duration_text(aim.time);
  if (aim.jobs > 1) limits += fmt::format(", {} jobs", aim.jobs);
  console_.out(fmt::format("[ttrace] {}, {}, seed {} (repeat with {})\n",
                           plural(cases.size(), "case"), limits, aim.seed, aim.how_to_repeat));
}

void Progress::running(const CaseResult& so_far, int of, std::chrono::milliseconds time) {
  if (!console_.terminal) return;
  const auto now = clock_();
  if (shown_ && now - *shown_ < kStatusInterval) return;
  shown_ = now;
  std::string text =
      fmt::format("{:<{}}  {}", so_far.test.name, name_width_, of_text(so_far.attempts, of));
  if (seconds(time) > 0) {
    text += fmt::format("  {:.0f} attempts/s", double(so_far.attempts) / seconds(time));
  }
  if (so_far.failures > 0) {
    text += fmt::format("  {} failed: {}", so_far.failures,
                        rate_text(so_far.failures, so_far.counted(), Sampling::fixed));
  }
  status(text);
}

void Progress::verifying(const CaseResult& so_far) {
  status(so_far.test.name + "  failed, replaying the trace once");
}

void Progress::warning(const std::string& text) {
  if (!warnings_.insert(text).second) return;
  clear_status();
  console_.err("[ttrace] warning: " + text + "\n");
}

void Progress::case_done(const CaseResult& result, int of) {
  using Outcome = CaseResult::Outcome;
  const std::string reason = result.detail.empty() ? "" : " (" + first_line(result.detail) + ")";
  switch (result.outcome) {
    case Outcome::passed: {
      std::string text = of_text(result.attempts, of) + " passed";
      if (result.skipped > 0) text += fmt::format(", {} skipped{}", result.skipped, reason);
      const RateInterval rate = failure_rate(0, result.counted(), Sampling::fixed);
      const bool says_something = rate.most < kMostWorthTelling;
      return result_line(
          result, text,
          says_something ? "rate " + rate_text(0, result.counted(), Sampling::fixed) : "");
    }
    case Outcome::skipped:
      return result_line(result, "skipped" + reason, "");
    case Outcome::failed:
      result_line(result, outcome_text(result), "");
      return tell_failures(result);
    case Outcome::not_recordable:
      return result_line(
          result, fmt::format("not recordable: {} (attempt {})", result.detail, result.attempts),
          "");
    case Outcome::interrupted:
      return result_line(
          result, fmt::format("interrupted after {}, none failed", of_text(result.attempts, of)),
          "");
    case Outcome::not_run:
      return result_line(result, "not run: the time was up", "");
  }
}

void Progress::tell_failures(const CaseResult& result) {
  if (result.counted() > 1) {
    console_.out(fmt::format("    rate    {} of {}: {}\n", result.failures,
                             plural(result.counted(), "attempt"),
                             rate_text(result.failures, result.counted(), result.sampling)));
  }
  const bool several = result.sampling == Sampling::fixed && result.attempts > 1;
  for (const KeptFailure& failure : result.kept) {
    if (several) {
      console_.out(
          fmt::format("    {} on attempt {}{}\n", to_string(failure.verdict), failure.attempt,
                      failure.times_seen > 1 ? fmt::format(", {} times alike", failure.times_seen)
                                             : std::string()));
    }
    tell_failure(result, failure);
  }
}

void Progress::tell_failure(const CaseResult& result, const KeptFailure& failure) {
  const KeptTrace& trace = failure.trace;
  std::string text;
  if (failure.verdict.failure) text += "    " + failure_line(*failure.verdict.failure) + "\n";
  if (trace.path) {
    text += fmt::format("    trace   {} ({}), {}\n", *trace.path, size_text(trace.size),
                        trace.verification.outcome == Verification::Outcome::verified
                            ? "replay verified"
                            : "replay NOT verified");
    text += "    debug   " + failure.debug_command + "\n";
  }
  if (!failure.output.empty()) {
    text += fmt::format("    output  of attempt {}:\n{}", failure.attempt, failure.output);
    if (failure.output.back() != '\n') text += '\n';
  }
  console_.out(text);
  if (!trace.path) {
    console_.err("ttrace: the trace of " + result.test.name + " was not kept: " + trace.not_kept +
                 "\n");
  } else if (trace.verification.outcome == Verification::Outcome::failed) {
    console_.err(fmt::format(
        "ttrace: replay of {} diverged: {}; the test did fail, but this trace may not replay to "
        "the end: that is a defect of ttrace, please report it\n",
        *trace.path, trace.verification.problem));
  }
}

void Progress::end(const HuntResults& results) {
  using Outcome = CaseResult::Outcome;
  clear_status();
  const auto spent = clock_() - began_;
  std::string text = results.interrupted ? "[ttrace] interrupted: " : "[ttrace] ";
  if (results.out_of_time && !results.interrupted) text += "time is up: ";
  text += fmt::format("{}: {} passed", plural(results.cases.size(), "case"),
                      results.count(Outcome::passed));
  const std::pair<int, const char*> others[] = {
      {results.count(Outcome::failed), "failed"},
      {results.count(Outcome::skipped), "skipped"},
      {results.count(Outcome::not_recordable), "not recordable"},
      {results.count(Outcome::not_run), "not run"},
      {results.not_kept(), "trace not kept"},
      {results.unverified(), "replay not verified"}};
  for (const auto& [count, what] : others) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  }
  text += fmt::format("; {} in {}", plural(results.attempts(), "attempt"), duration_text(spent));
  if (seconds(spent) > 0) {
    text += fmt::format(" ({:.0f}/s)", double(results.attempts()) / seconds(spent));
  }
  console_.out(text + "\n");
}

void Progress::result_line(const CaseResult& result, const std::string& outcome,
                           const std::string& rate) {
  clear_status();
  const std::string time = duration_text(result.time);
  console_.out(fmt::format("[ttrace] {:<{}}  {:<25} {}\n", result.test.name, name_width_, outcome,
                           rate.empty() ? time : fmt::format("{:<8} {}", time, rate)));
}

void Progress::status(const std::string& text) {
  if (!console_.terminal) return;
  // One column stays free: a full line would wrap, and could not be rewritten.
  const std::string line = "[ttrace] " + text;
  console_.out("\r\033[K" + line.substr(0, console_.width > 1 ? console_.width - 1 : 0));
  status_shown_ = true;
}

void Progress::clear_status() {
  if (status_shown_) console_.out("\r\033[K");
  status_shown_ = false;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{} KiB", (bytes + 1023) / 1024);
  if (bytes < 1024 * 1024 * 1024) return fmt::format("{:.1f} MiB", double(bytes) / (1 << 20));
  return fmt::format("{:.1f} GiB", double(bytes) / (1 << 30));
}

std::string duration_text(std::chrono::milliseconds time) {
  if (time < std::chrono::minutes(1)) return fmt::format("{:.1f} s", seconds(time));
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string shell_quoted(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-+/=:,@%").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace ttrace
