#include "cli/stacks.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "hunt/native.h"

namespace ttrace {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::minutes kPatience{1};
constexpr std::string_view kBegin = "[ttrace-stacks]", kEnd = "[/ttrace-stacks]";

// Runs in gdb. `limit` frames of each thread; the selected thread is the one that failed.
constexpr const char* kScript = R"(
import json
def ttrace_frames(limit):
    frames = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < limit:
        place = frame.find_sal()
        table = place.symtab if place is not None else None
        frames.append([frame.name() or '??', table.fullname() if table else '',
                       place.line if table else 0])
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames
def ttrace_stacks(limit):
    failed = gdb.selected_thread()
    stacks = []
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
        thread.switch()
        stacks.append([thread.ptid[1] or thread.ptid[0], thread.num == failed.num,
                       ttrace_frames(limit)])
    print('[ttrace-stacks]' + json.dumps(stacks) + '[/ttrace-stacks]')
)";

// As a Python string literal.
std::string python_literal(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\n') {
      literal += "\\n";
    } else {
      if (c == '\'' || c == '\\') literal += '\\';
      literal += c;
    }
  }
  return literal + "'";
}

std::vector<ThreadStack> parse(const std::string& output) {
  const std::size_t begin = output.find(kBegin);
  const std::size_t end = output.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return {};
  const std::size_t from = begin + kBegin.size();
  std::vector<ThreadStack> stacks;
  try {
    for (const Json& thread : Json::parse(output.substr(from, end - from))) {
      ThreadStack stack{thread.at(0), thread.at(1), {}};
      for (const Json& frame : thread.at(2)) {
        stack.frames.push_back({frame.at(0), frame.at(1), frame.at(2)});
      }
      stacks.push_back(std::move(stack));
    }
  } catch (const Json::exception&) {
    return {};
  }
  return stacks;
}

}  // namespace

std::vector<ThreadStack> stacks_at_failure(const std::string& trace, const Environment& environment,
                                           std::string& problem) {
  NativeRun run;
  std::error_code error;
  run.path = std::filesystem::read_symlink("/proc/self/exe", error).string();
  run.arguments = {"ttrace",
                   "replay",
                   "--batch",
                   "--ex",
                   "python exec(" + python_literal(kScript) + ")",
                   "--ex",
                   "python ttrace_stacks(" + std::to_string(kMostFrames) + ")",
                   std::filesystem::absolute(trace, error).string()};
  run.environment = environment;
  run.timeout = kPatience;
  try {
    const NativeResult result = run_native(run);
    std::vector<ThreadStack> stacks = parse(result.output);
    if (stacks.empty()) {
      problem = result.timed_out ? "gdb did not tell within a minute" : result.output;
    }
    return stacks;
  } catch (const Error& failed) {
    problem = failed.what();
  }
  return {};
}

std::string stack_signature(const std::vector<ThreadStack>& stacks) {
  const auto failed = std::ranges::find_if(stacks, &ThreadStack::failed);
  std::string signature;
  if (failed == stacks.end()) return signature;
  for (const StackFrame& frame : failed->frames) {
    signature += (signature.empty() ? "" : "\n") + frame.function;
  }
  return signature;
}

}  // namespace ttrace
