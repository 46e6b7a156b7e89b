#include "hunt/program.h"

namespace ttrace {
namespace {

bool runs_no_case(const std::vector<std::string>&, const Environment&) { return false; }

bool is_sharded(const std::vector<std::string>&, const Environment&) { return false; }

std::vector<std::string> attempt_arguments(const std::vector<std::string>& arguments,
                                           const TestCase&, bool, std::uint64_t) {
  return arguments;
}

}  // namespace

const Framework& plain_program() {
  static constexpr Framework kFramework = {
      "none", "plain", {}, runs_no_case, nullptr, {}, nullptr, is_sharded, attempt_arguments, {},
  };
  return kFramework;
}

}  // namespace ttrace
