#include "hunt/cases.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

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

// Where Catch2 and others say how to get help, after their complaint.
constexpr std::array<std::string_view, 2> kPointersToHelp = {"Run with -?", "Try '"};

// The last line that says something besides where to get help: programs put their complaint there.
std::string last_line(std::string_view text) {
  constexpr std::string_view kBlanks = " \r\n";
  std::string_view line;
  while (!text.empty()) {
    text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
    const std::size_t begin = text.rfind('\n') + 1;  // 0 without a newline
    line = text.substr(begin);
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const auto is_begin = [&](std::string_view pointer) { return line.starts_with(pointer); };
    if (std::ranges::none_of(kPointersToHelp, is_begin)) break;
    text = text.substr(0, begin);
  }
  return std::string(line);
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
