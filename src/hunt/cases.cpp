#include "hunt/cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

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
  if (!framework.listing_commands) {
    return {{std::filesystem::path(binary.path).filename().string(), "", 0}};
  }
  std::string complaint;
  const Fd file = unnamed_file("listing");
  const std::string path = "/proc/self/fd/" + std::to_string(file.value());
  for (auto& command : framework.listing_commands(binary.arguments, path)) {
    if (ftruncate(file.value(), 0) != 0) throw_errno("empty the listing");
    NativeRun run;
    run.path = binary.path;
    run.arguments = std::move(command);
    run.environment = supervised(without_names(binary.environment, framework.listing_unset));
    run.inherited = &file;
    run.timeout = timeout;
    run.interrupted = interrupted;
    const NativeResult result = run_native(run);
    if (interrupted && *interrupted) return {};
    Listing listing{contents_of(file), result.status};
    if (listing.text.empty()) listing.text = result.output;
    const auto cases = framework.parse_listing(listing, binary.arguments, binary.environment);
    if (cases && cases->empty() && !framework.is_sharded(binary.arguments, binary.environment)) {
      throw UsageError("no test case of " + binary.path +
                       " is selected: check the filter (disabled and hidden cases are not run "
                       "unless asked for)");
    }
    if (cases) return *cases;
    // The first one's: later ones are for older versions, which dislike other flags.
    if (!complaint.empty()) continue;
    complaint = how_it_ended(result, timeout);
    const std::string line = result.status != 0 ? last_line(result.output) : "";
    complaint +=
        "): is it a " + std::string(framework.title) + " program, and are its own flags right?";
    if (!line.empty()) complaint += " It said: " + line;
  }
  throw Error(binary.path + " did not list its cases (" + complaint);
}

}  // namespace ttrace
