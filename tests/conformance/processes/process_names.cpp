// prctl's small settings: the name, the death signal, no_new_privs, timer slack, keepcaps; what
// fork keeps of them and what exec resets.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

namespace {
void show(const char* who) {
  char name[16] = {};
  int death = -1;
  OBSERVE(prctl(PR_GET_NAME, name) == 0);
  OBSERVE(prctl(PR_GET_PDEATHSIG, &death) == 0);
  std::printf("%s: name %s, death signal %d, slack %d, no new privileges %d, dumpable %d\n", who,
              name, death, prctl(PR_GET_TIMERSLACK), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
              prctl(PR_GET_DUMPABLE));
  std::fflush(stdout);
}
}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    show("after exec");
    return 0;
  }
  OBSERVE(prctl(PR_SET_NAME, "a name that is too long") == 0);
  OBSERVE(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
  OBSERVE(prctl(PR_SET_TIMERSLACK, 70'000) == 0);
  OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  OBSERVE(prctl(PR_SET_DUMPABLE, 1) == 0);
  show("parent");
  const pid_t child = fork();
  if (child == 0) {
    show("child");
    execl("/proc/self/exe", argv[0], "again", nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  OBSERVE(prctl(PR_SET_PDEATHSIG, 65) == -1 && errno == EINVAL);
  OBSERVE(prctl(PR_SET_DUMPABLE, 7) == -1 && errno == EINVAL);
}
