#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupts.h"
#include "cli/test_binary.h"
#include "hunt/binary.h"

namespace ttrace {

int print_cases(const Context& context, const FlagSet& flags,
                const std::vector<std::string>& program) {
  const Interrupts interrupts;
  const TestBinary binary = named_binary(context, flags, program);
  if (!binary.framework->listing_commands) {
    throw UsageError("no test framework is recognised in " + binary.path + " (known are " +
                     framework_names() +
                     "): name it with --framework=NAME, or run the program as one case with "
                     "\"ttrace until-fail --framework=none\"");
  }
  constexpr std::chrono::seconds kTimeout(60);
  nlohmann::json list = nlohmann::json::array();
  for (const TestCase& test : filtered_cases(binary, kTimeout, interrupts.flag())) {
    list.push_back(
        {{"name", test.name}, {"file", test.file}, {"line", test.line}, {"tags", test.tags}});
  }
  if (*interrupts.flag()) return 128 + interrupts.signal();
  const nlohmann::json document = {{"framework", binary.framework->name},
                                   {"listener", look_at_binary(binary.path).has_listener},
                                   {"cases", std::move(list)}};
  // Names may hold bytes that are no UTF-8.
  context.out.write(document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  return 0;
}

}  // namespace ttrace
