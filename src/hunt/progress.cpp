#include "hunt/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace ttrace {
namespace {

constexpr std::size_t kLeastNameWidth = 20, kMostNameWidth = 60;
constexpr std::chrono::milliseconds kStatusInterval{100};

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

std::string outcome_text(const FailedCase& failed) {
  const std::string what =
      failed.verdict.kind == Verdict::Kind::failed ? "FAILED" : to_string(failed.verdict);
  std::string text = fmt::format("{} on attempt {}", what, failed.attempt);
  if (failed.verdict.kind == Verdict::Kind::failed && !failed.verdict.detail.empty()) {
    text += " (" + failed.verdict.detail + ")";
  }
  return text;
}

std::string plural(std::uint64_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

double seconds(std::chrono::milliseconds time) { return double(time.count()) / 1000; }

}  // namespace

Progress::Progress(Console console, Clock clock)
    : console_(std::move(console)), clock_(std::move(clock)) {}

void Progress::begin(const std::vector<TestCase>& cases, int attempts, std::uint64_t seed,
                     const std::string& how_to_repeat) {
  began_ = clock_();
  name_width_ = kLeastNameWidth;
  for (const TestCase& test : cases) {
    name_width_ = std::max(name_width_, std::min(test.name.size(), kMostNameWidth));
  }
  console_.out(fmt::format("[ttrace] {}, {}, seed {} (repeat with {})\n",
                           plural(cases.size(), "case"),
                           attempts == 1 ? std::string("one attempt each")
                                         : fmt::format("up to {} attempts each", attempts),
                           seed, how_to_repeat));
}

void Progress::case_begins(const TestCase& test) {
  name_ = test.name;
  case_began_ = clock_();
  shown_.reset();
}

void Progress::attempts_done(int done, int of) {
  if (!console_.terminal) return;
  const auto now = clock_();
  if (shown_ && now - *shown_ < kStatusInterval) return;
  shown_ = now;
  const double spent = seconds(now - case_began_);
  std::string text = fmt::format("{:<{}}  {}/{}", name_, name_width_, done, of);
  if (spent > 0) text += fmt::format("  {:.0f} attempts/s", done / spent);
  status(text);
}

void Progress::verifying() { status(name_ + "  failed, replaying the trace once"); }

void Progress::warning(const std::string& text) {
  if (!warnings_.insert(text).second) return;
  clear_status();
  console_.err("[ttrace] warning: " + text + "\n");
}

void Progress::case_passed(int attempts, int skipped, const std::string& skip_reason) {
  if (skipped == 0) return result_line(fmt::format("{0}/{0} passed", attempts));
  const std::string reason = skip_reason.empty() ? "" : " (" + first_line(skip_reason) + ")";
  if (skipped == attempts) return result_line("skipped" + reason);
  result_line(fmt::format("{0}/{0} passed, {1} skipped{2}", attempts, skipped, reason));
}

void Progress::case_failed(const FailedCase& failed) {
  result_line(outcome_text(failed));
  std::string text;
  if (failed.verdict.failure) {
    const Failure& failure = *failed.verdict.failure;
    text += "    " + failure_line(failure) + "\n";
  }
  if (failed.path) {
    text += fmt::format("    trace   {} ({}), {}\n", *failed.path, size_text(failed.size),
                        failed.verification.outcome == Verification::Outcome::verified
                            ? "replay verified"
                            : "replay NOT verified");
    text += "    debug   " + failed.debug_command + "\n";
  }
  if (!failed.output.empty()) {
    text += fmt::format("    output  of attempt {}:\n{}", failed.attempt, failed.output);
    if (failed.output.back() != '\n') text += '\n';
  }
  console_.out(text);
  if (!failed.path) {
    console_.err("ttrace: the trace of " + name_ + " was not kept: " + failed.not_kept + "\n");
  } else if (failed.verification.outcome == Verification::Outcome::failed) {
    console_.err(fmt::format(
        "ttrace: replay of {} diverged: {}; the test did fail, but this trace may not replay to "
        "the end: that is a defect of ttrace, please report it\n",
        *failed.path, failed.verification.problem));
  }
}

void Progress::case_not_recordable(int attempt, const std::string& name) {
  result_line(fmt::format("not recordable: {} (attempt {})", name, attempt));
}

void Progress::case_interrupted(int done, int of) {
  result_line(fmt::format("interrupted after {}/{}, none failed", done, of));
}

void Progress::end(const HuntTally& tally) {
  clear_status();
  const auto spent = clock_() - began_;
  std::string text = tally.interrupted ? "[ttrace] interrupted: " : "[ttrace] ";
  text += fmt::format("{}: {} passed", plural(std::uint64_t(tally.cases), "case"), tally.passed);
  const std::pair<int, const char*> others[] = {{tally.failed, "failed"},
                                                {tally.skipped, "skipped"},
                                                {tally.not_recordable, "not recordable"},
                                                {tally.not_kept, "trace not kept"},
                                                {tally.unverified, "replay not verified"}};
  for (const auto& [count, what] : others) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  }
  text += fmt::format("; {} in {}", plural(tally.attempts, "attempt"), duration_text(spent));
  if (seconds(spent) > 0)
    text += fmt::format(" ({:.0f}/s)", double(tally.attempts) / seconds(spent));
  console_.out(text + "\n");
}

void Progress::result_line(const std::string& outcome) {
  clear_status();
  console_.out(fmt::format("[ttrace] {:<{}}  {:<25} {}\n", name_, name_width_, outcome,
                           duration_text(clock_() - case_began_)));
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
