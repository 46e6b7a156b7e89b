#include "record/status_file.h"

#include <gtest/gtest.h>

#include <string>

namespace ttrace {
namespace {

std::optional<std::string> hidden(const std::string& text, int tracer) {
  const auto shown = without_tracer(bytes_of(std::string_view(text)), Pid(tracer));
  if (!shown) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(shown->data()), shown->size());
}

TEST(StatusFile, TheTracerIsNobody) {
  EXPECT_EQ(hidden("PPid:\t7\nTracerPid:\t4711\nUid:\t0\n", 4711),
            "PPid:\t7\nTracerPid:\t0   \nUid:\t0\n");
}

TEST(StatusFile, OtherTracersAndOtherTextsStay) {
  EXPECT_EQ(hidden("PPid:\t7\nTracerPid:\t4711\nUid:\t0\n", 471), std::nullopt);
  EXPECT_EQ(hidden("PPid:\t4711\nTracerPid:\t0\n", 4711), std::nullopt);
  EXPECT_EQ(hidden("\nTracerPid:\t4711", 4711), std::nullopt);  // a part of the number, perhaps
  EXPECT_EQ(hidden("", 4711), std::nullopt);
}

}  // namespace
}  // namespace ttrace
