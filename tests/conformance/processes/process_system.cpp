// system(): exit statuses, a signal, a command that does not exist.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

int main() {
  const int ok = std::system("echo one | tr a-z A-Z");
  const int five = std::system("exit 5");
  const int killed = std::system("kill -TERM $$");
  const int missing = std::system("/nonexistent/program 2>/dev/null");
  std::printf("%d %d %d %d\n", ok, WEXITSTATUS(five), WTERMSIG(killed), WEXITSTATUS(missing));
  return ok != 0 || WEXITSTATUS(five) != 5 || !WIFSIGNALED(killed) || WEXITSTATUS(missing) != 127;
}
