#include "hunt/lab.h"

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

RecordingLab::RecordingLab(TestBinary binary, Options options, SiteCache& sites)
    : binary_(std::move(binary)), options_(std::move(options)), sites_(sites) {}

RecordResult RecordingLab::attempt(const TestCase& test, const AttemptOrder& order) {
  RecordOptions options;
  options.seed = order.seed;
  options.chaos = order.chaos;
  options.cpu = cpu_;
  options.timeout = options_.timeout;
  options.capture_output = true;
  options.interrupted = options_.interrupted;
  options.sites = &sites_;
  options.ticks = options_.ticks;
  options.counters = options_.counters;
  options.agent = options_.agent;
  options.private_paths = options_.private_paths;
  options.portable = options_.portable;
  options.limits = options_.limits;
  options.cpuid = &cpuid_;
  options.addresses = options_.addresses;
  options.expected_ticks = order.expected_ticks;
  return record(attempt_program(binary_, test, options_.color, order.seed), options);
}

std::string RecordingLab::keep(const RecordResult& result, TraceInfo info) {
  TestCase test;
  test.name = info.case_name;
  TraceInfo full =
      describe_recording(attempt_program(binary_, test, options_.color, info.seed), result);
  describe_cpu(result, options_.portable, SiteCache::default_directory(), full);
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
  return verify_by_replay(path, result.output, options_.interrupted);
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
