// The default action of every signal, in a child each: ends it, stops it, or nothing.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (number == 32 || number == 33) continue;  // the C library's own
    const pid_t child = fork();
    if (child == 0) {
      raise(number);
      _exit(7);
    }
    int status = 0;
    OBSERVE(waitpid(child, &status, WUNTRACED) == child);
    if (WIFSTOPPED(status)) {
      std::printf("%d stops (%d)\n", number, WSTOPSIG(status));
      OBSERVE(kill(child, SIGCONT) == 0 && waitpid(child, &status, 0) == child);
      OBSERVE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    } else if (WIFSIGNALED(status)) {
      std::printf("%d ends (%d%s)\n", number, WTERMSIG(status), WCOREDUMP(status) ? ", core" : "");
    } else {
      std::printf("%d nothing (%d)\n", number, WEXITSTATUS(status));
    }
  }
}
