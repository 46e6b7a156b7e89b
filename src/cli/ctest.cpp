#include "cli/ctest.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "trace/pack.h"

namespace ttrace {

std::string ctest_lines(const std::vector<std::string>& traces, const Environment& environment) {
  std::string lines;
  if (!environment_value(environment, "DASHBOARD_TEST_FROM_CTEST")) return lines;
  for (const std::string& trace : traces) {
    std::error_code ignored;
    lines +=
        fmt::format("<CTestMeasurementFile type=\"file\" name=\"{}\">{}</CTestMeasurementFile>\n",
                    std::filesystem::path(trace).filename().string(),
                    std::filesystem::absolute(trace, ignored).string());
  }
  return lines;
}

AttachedTrace::AttachedTrace(std::string file) : file_(std::move(file)) {
  std::error_code error;
  if (!file_.empty()) std::filesystem::remove(file_, error);
  if (error) throw SystemError("cannot remove the old " + file_, error.value());
}

std::vector<std::string> AttachedTrace::attach(const std::vector<std::string>& traces) const {
  namespace fs = std::filesystem;
  if (file_.empty() || traces.empty()) return traces;
  std::error_code error;
  const fs::path directory = fs::path(file_).parent_path();
  if (!directory.empty()) fs::create_directories(directory, error);
  if (error) throw SystemError("cannot make the directory of " + file_, error.value());
  pack_trace(traces.front(), file_);
  return {file_};
}

}  // namespace ttrace
