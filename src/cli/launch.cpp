#include "cli/commands.h"
#include "cli/test_binary.h"

namespace ttrace {

int launch_program(const Context& context, const FlagSet& flags,
                   const std::vector<std::string>& program) {
  const TestBinary binary = named_binary(context, flags, program);
  // CMake has its emulator run generators and checks of the build, too.
  const bool plain = !binary.framework->listing_commands && flags.text("framework") == "auto";
  if (plain || binary.framework->runs_no_case(binary.arguments, binary.environment)) {
    run_untouched(binary);
  }
  return until_fail(context, flags, program);
}

}  // namespace ttrace
