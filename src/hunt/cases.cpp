#include "hunt/cases.h"

#include <sys/wait.h>

#include "base/error.h"
#include "hunt/native.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

std::string how_it_ended(const NativeResult& result, std::chrono::milliseconds timeout) {
  if (result.timed_out) return "ran past " + std::to_string(timeout.count()) + " ms";
  if (WIFSIGNALED(result.status)) return "died by " + signal_name(WTERMSIG(result.status));
  return "exited with status " + std::to_string(WEXITSTATUS(result.status));
}

// The last line that says something: where programs put their complaint.
std::string last_line(std::string text) {
  const auto blank = [](char c) { return c == '\n' || c == ' ' || c == '\r'; };
  while (!text.empty() && blank(text.back())) text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

}  // namespace

Environment supervised(Environment environment) {
  constexpr const char* kOurs[] = {"TTRACE_EXECUTABLE"};
  return with_value(without_names(std::move(environment), kOurs), "TTRACE_SUPERVISED", "1");
}

std::vector<TestCase> list_cases(const TestBinary& binary, std::chrono::milliseconds timeout,
                                 const std::atomic<bool>* interrupted) {
  const Framework& framework = *binary.framework;
  const Fd listing = unnamed_file("listing");
  NativeRun run;
  run.path = binary.path;
  run.arguments = framework.listing_arguments(binary.arguments,
                                              "/proc/self/fd/" + std::to_string(listing.value()));
  run.environment = supervised(without_names(binary.environment, framework.listing_unset));
  run.inherited = &listing;
  run.timeout = timeout;
  run.interrupted = interrupted;
  const NativeResult result = run_native(run);
  if (interrupted && *interrupted) return {};

  const std::string text = contents_of(listing);
  if (text.empty() || result.status != 0) {
    std::string message = binary.path + " did not list its cases (" +
                          how_it_ended(result, timeout) + "): is it a " + framework.title +
                          " program, and are its own flags right?";
    // A framework that dislikes a flag prints pages of help and exits with 0.
    const std::string line = result.status != 0 ? last_line(result.output) : "";
    if (!line.empty()) {
      message += " It said: " + line;
    }
    throw Error(message);
  }
  std::vector<TestCase> cases = framework.parse_listing(text, binary.arguments, binary.environment);
  if (cases.empty()) {
    throw UsageError(
        "no test case of " + binary.path +
        " is selected: check the filter (disabled cases are not run unless asked for)");
  }
  return cases;
}

}  // namespace ttrace
