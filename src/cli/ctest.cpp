#include "cli/ctest.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"

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

void AttachedTrace::attach(const std::vector<std::string>& traces) const {
  namespace fs = std::filesystem;
  if (file_.empty() || traces.empty()) return;
  std::error_code error;
  const fs::path directory = fs::path(file_).parent_path();
  if (!directory.empty()) fs::create_directories(directory, error);
  if (!error) fs::copy_file(traces.front(), file_, error);
  if (error) throw SystemError("cannot copy " + traces.front() + " to " + file_, error.value());
}

}  // namespace ttrace
