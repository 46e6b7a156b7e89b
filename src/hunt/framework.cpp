#include "hunt/framework.h"

#include <array>

#include "hunt/gtest.h"

namespace ttrace {
namespace {

std::array<const Framework*, 1> frameworks() { return {&gtest_framework()}; }

}  // namespace

const Framework* find_framework(std::string_view name) {
  for (const Framework* framework : frameworks()) {
    if (framework->name == name) return framework;
  }
  return nullptr;
}

std::string framework_names() {
  std::string names;
  for (const Framework* framework : frameworks()) {
    names += (names.empty() ? "" : ", ") + std::string(framework->name);
  }
  return names;
}

}  // namespace ttrace
