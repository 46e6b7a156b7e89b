#include "cli/test_binary.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/c_strings.h"
#include "cli/asked.h"
#include "hunt/binary.h"
#include "hunt/native.h"

namespace ttrace {
namespace {

// A shard may have no case, and who is interrupted has not been told any.
bool may_not_be_empty(const TestBinary& binary, const std::atomic<bool>* interrupted) {
  return !binary.framework->is_sharded(binary.arguments, binary.environment) &&
         !(interrupted && *interrupted);
}

}  // namespace

const Framework& framework_of(const std::string& name) {
  const Framework* framework = find_framework(name);
  if (!framework) {
    throw UsageError("this version of ttrace does not know the test framework \"" + name +
                     "\" (it knows: " + framework_names() + "): install a newer ttrace");
  }
  return *framework;
}

TestBinary named_binary(const Context& context, const FlagSet& flags,
                        const std::vector<std::string>& program) {
  TestBinary binary;
  binary.path = find_program(program.at(0), context.environment);
  binary.arguments = program;
  binary.environment = without_flag_twins(context.environment);
  const std::string name = flags.text("framework");
  binary.framework = name == "auto" ? look_at_binary(binary.path).framework : &framework_of(name);
  if (!binary.framework) binary.framework = &framework_of("none");
  return binary;
}

std::vector<TestCase> filtered_cases(const TestBinary& binary, std::chrono::milliseconds timeout,
                                     const std::atomic<bool>* interrupted) {
  std::vector<TestCase> cases = list_cases(binary, timeout, interrupted);
  if (cases.empty() && may_not_be_empty(binary, interrupted)) {
    throw UsageError("no test case of " + binary.path +
                     " is selected: check the filter (disabled and hidden cases are not run "
                     "unless asked for)");
  }
  return cases;
}

std::vector<TestCase> selected_cases(const FlagSet& flags, const TestBinary& binary,
                                     const std::atomic<bool>* interrupted) {
  const std::vector<std::string> names = flags.texts("case");
  if (names.empty()) return filtered_cases(binary, flags.duration("timeout"), interrupted);
  if (!binary.framework->listing_commands) {
    throw UsageError(flags.spelled("case") +
                     " needs a program with GoogleTest or Catch2: of any other, select what it "
                     "runs with its own arguments");
  }
  std::vector<TestCase> cases;
  for (const std::string& name : names) {
    // The program is asked all the same: a mistyped name must not look like a test that fails.
    TestBinary one = binary;
    one.arguments =
        binary.framework->attempt_arguments(binary.arguments, {name, "", 0}, false, /*seed=*/0);
    const std::size_t found = cases.size();
    for (TestCase& test : list_cases(one, flags.duration("timeout"), interrupted)) {
      if (test.name == name) cases.push_back(std::move(test));
    }
    if (cases.size() == found && may_not_be_empty(binary, interrupted)) {
      throw UsageError("no case of " + binary.path + " is named \"" + name +
                       "\": \"ttrace cases -- " + binary.arguments[0] + "\" lists them");
    }
  }
  return cases;
}

void run_untouched(const TestBinary& binary) {
  const std::vector<char*> arguments = c_strings(binary.arguments);
  const Environment environment = supervised(binary.environment);
  execve(binary.path.c_str(), arguments.data(), c_strings(environment).data());
  throw UsageError("cannot execute " + binary.path + ": " + std::generic_category().message(errno));
}

}  // namespace ttrace
