#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli/commands.h"
#include "cli/interrupts.h"

namespace {

unsigned terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool is_smart_terminal() {
  const char* type = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && type && std::string_view(type) != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
  ttrace::fill_standard_descriptors();
  ttrace::survive_failed_writes();
  ttrace::StandardStream out(STDOUT_FILENO), err(STDERR_FILENO);
  ttrace::Context context{{}, out, err, is_smart_terminal(), terminal_width()};
  for (char** line = environ; *line; ++line) context.environment.emplace_back(*line);
  return ttrace::run_tool(context, {argv + (argc > 0 ? 1 : 0), argv + argc});
}
