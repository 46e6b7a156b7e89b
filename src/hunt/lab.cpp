#include "hunt/lab.h"

#include <sys/wait.h>

#include <algorithm>
#include <filesystem>

#include "hunt/cpu_needs.h"

namespace ttrace {

Program attempt_program(const TestBinary& binary, const TestCase& test, bool color,
                        std::uint64_t seed) {
  const Framework& framework = *binary.framework;
  const bool chosen = environment_value(binary.environment, "NO_COLOR").has_value() ||
                      environment_value(binary.environment, "GTEST_COLOR").has_value();
  return {binary.path, framework.attempt_arguments(binary.arguments, test, color && !chosen, seed),
          supervised(without_names(binary.environment, framework.attempt_unset))};
}

RecordingLab::RecordingLab(TestBinary binary, RecordOptions recording, Options options)
    : binary_(std::move(binary)), recording_(std::move(recording)), options_(std::move(options)) {
  recording_.capture_output = true;
  recording_.cpuid = &cpuid_;
}

RecordingLab::~RecordingLab() = default;

RecordOptions RecordingLab::options_of(const AttemptOrder& order) const {
  RecordOptions options = recording_;
  options.seed = order.seed;
  options.chaos = order.chaos;
  options.expected_ticks = order.expected_ticks;
  return options;
}

RecordResult RecordingLab::attempt(const TestCase& test, const AttemptOrder& order) {
  if (options_.reruns_by_fork && !whole_.contains(order.test)) return attempt_by_fork(test, order);
  program_seed_ = order.seed;
  return record(attempt_program(binary_, test, options_.color, order.seed), options_of(order));
}

RecordResult RecordingLab::attempt_by_fork(const TestCase& test, const AttemptOrder& order) {
  constexpr std::size_t kMostHeld = 8;  // each holds a program
  program_seed_ = order.case_seed;
  const auto known = std::ranges::find(held_, order.test, &HeldCase::test);
  if (known != held_.end()) {
    HeldCase held = std::move(*known);
    held_.erase(known);
    RecordResult result;
    const bool is_alive = held.snapshot->attempt(options_of(order), result);
    if (is_alive) held_.push_back(std::move(held));
    if (is_alive) return result;
  }
  AttemptOrder before = order;
  before.seed = order.case_seed;
  before.chaos = Chaos::off;
  auto snapshot = std::make_unique<Snapshot>(
      attempt_program(binary_, test, options_.color, program_seed_), options_of(before));
  if (snapshot->is_whole()) {
    RecordResult result = snapshot->take_whole();
    // Another end may have been chance: the next attempt tries again.
    if (result.reason == EndEvent::Reason::exited && WIFEXITED(result.status)) {
      whole_.insert(order.test);
    }
    return result;
  }
  RecordResult result;
  if (!snapshot->attempt(options_of(order), result)) {
    throw Error("the program was killed at the begin of " + test.name + ": try again");
  }
  if (held_.size() == kMostHeld) held_.pop_front();
  held_.push_back({order.test, std::move(snapshot)});
  return result;
}

std::string RecordingLab::keep(const RecordResult& result, TraceInfo info) {
  TestCase test;
  test.name = info.case_name;
  TraceInfo full =
      describe_recording(attempt_program(binary_, test, options_.color, program_seed_), result);
  describe_cpu(result, recording_.portable, SiteCache::default_directory(), full);
  full.framework = info.framework;
  full.case_name = info.case_name;
  full.verdict = info.verdict;
  full.failure = info.failure;
  full.seed = info.seed;
  full.run_seed = info.run_seed;
  full.attempt = info.attempt;
  return keep_as(result.recording, full, options_.directory, trace_stem(info.case_name));
}

Verification RecordingLab::verify(const std::string& path, const RecordResult& result) {
  return verify_by_replay(path, result.output, recording_.interrupted);
}

std::string RecordingLab::stack_of(const std::string& path) {
  return options_.stack_of ? options_.stack_of(path) : "";
}

std::uint64_t RecordingLab::size_of(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

std::chrono::milliseconds RecordingLab::now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace ttrace
