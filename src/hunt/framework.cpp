#include "hunt/framework.h"

#include "hunt/catch2.h"
#include "hunt/gtest.h"
#include "hunt/program.h"

namespace ttrace {

std::vector<const Framework*> all_frameworks() { return {&gtest_framework(), &catch2_framework()}; }

const Framework* find_framework(std::string_view name) {
  if (name == plain_program().name) return &plain_program();
  for (const Framework* framework : all_frameworks()) {
    if (framework->name == name) return framework;
  }
  return nullptr;
}

std::string framework_names() {
  std::string names;
  for (const Framework* framework : all_frameworks()) {
    names += (names.empty() ? "" : ", ") + std::string(framework->name);
  }
  return names;
}

}  // namespace ttrace
