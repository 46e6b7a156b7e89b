#include "cli/ctest.h"

#include <fmt/format.h>
#include <filesystem>

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

}  // namespace ttrace
