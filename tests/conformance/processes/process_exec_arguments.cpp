// What exec takes: an argument of 100 kB, thousands of arguments, an empty list, E2BIG; a large
// environment.
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "observe.h"

namespace {
int run(const char* path, std::vector<std::string> words, std::vector<std::string> variables = {}) {
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  for (auto& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    execve(path, argv.data(), envp.data());
    _exit(errno);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  return WEXITSTATUS(status);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 || argv[0][0] == '\0' || argv[0][0] == 'e') {
    size_t bytes = 0, variables = 0;
    for (int i = 0; i < argc; ++i) bytes += std::strlen(argv[i]);
    for (char** at = environ; *at != nullptr; ++at) ++variables;
    std::printf("%d arguments, %zu bytes, %zu variables\n", argc, bytes, variables);
    return 0;
  }
  const char* self = "/proc/self/exe";
  OBSERVE(run(self, {"a", std::string(100'000, 'x')}) == 0);
  OBSERVE(run(self, std::vector<std::string>(5000, "word")) == 0);
  OBSERVE(run(self, {}) == 0);
  OBSERVE(run(self, {"e"}, std::vector<std::string>(2000, "NAME=" + std::string(200, 'v'))) == 0);
  OBSERVE(run(self, {"a", std::string(200'000, 'x')}) == E2BIG);
  std::printf("done\n");
}
