// A group becomes orphaned while a member is stopped: the kernel sends SIGHUP and SIGCONT.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

namespace {
volatile sig_atomic_t hung_up = 0, went_on = 0;

/// A session whose group of two loses its only tie to the rest: the leader, whose parent this is.
int session() {
  OBSERVE(setsid() == getpid());
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  const pid_t leader = fork();
  if (leader == 0) {
    OBSERVE(setpgid(0, 0) == 0);
    const pid_t member = fork();
    if (member == 0) {
      signal(SIGHUP, [](int) { hung_up = hung_up + 1; });
      signal(SIGCONT, [](int) { went_on = went_on + 1; });
      raise(SIGSTOP);
      const int seen[2] = {int(hung_up), int(went_on)};
      OBSERVE(write(ends[1], seen, sizeof seen) == sizeof seen);
      _exit(0);
    }
    int status = 0;
    OBSERVE(waitpid(member, &status, WUNTRACED) == member && WIFSTOPPED(status));
    _exit(0);
  }
  int status = 0, seen[2] = {};
  OBSERVE(waitpid(leader, &status, 0) == leader);
  OBSERVE(read(ends[0], seen, sizeof seen) == sizeof seen);
  std::printf("hung up %d, went on %d\n", seen[0], seen[1]);
  std::fflush(stdout);
  return 0;
}
}  // namespace

int main() {
  const pid_t child = fork();
  if (child == 0) _exit(session());
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("status %d\n", status);
}
