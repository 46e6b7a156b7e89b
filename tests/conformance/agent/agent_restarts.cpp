// A sleeping call that an ignored signal interrupts begins anew, while another process makes calls
// inside itself: in a replay the sleeper's turn comes right behind a run of those.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    bool same = true;
    for (int i = 0; i < 200; ++i) {
      same = same && kill(parent, SIGWINCH) == 0;
      for (int calls = 0; calls < 5; ++calls) same = same && getppid() == parent;
    }
    _exit(same ? 7 : 1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  OBSERVE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  return 0;
}
