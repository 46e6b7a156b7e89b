// The forms of waiting: for any child, for a group, with WNOWAIT, WSTOPPED and WCONTINUED, with
// the used resources, for nobody.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
pid_t child_that_exits(int code) {
  const pid_t child = fork();
  if (child == 0) _exit(code);
  return child;
}

bool expect(const char* what, bool right) {
  std::printf("%s: %s\n", what, right ? "yes" : "no");
  return !right;
}
}  // namespace

int main() {
  int wrong = 0, status = 0;
  pid_t child = child_that_exits(1);
  wrong += expect("wait", wait(&status) == child && WEXITSTATUS(status) == 1);

  child = child_that_exits(2);
  rusage usage;
  wrong += expect("wait4", wait4(-1, &status, 0, &usage) == child && WEXITSTATUS(status) == 2);
  wrong += expect("rusage", usage.ru_maxrss > 0);

  child = child_that_exits(3);
  siginfo_t info = {};
  wrong += expect("waitid WNOWAIT",
                  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0 &&
                      info.si_pid == child && info.si_status == 3);
  info = {};
  wrong += expect("waitid again", waitid(P_ALL, 0, &info, WEXITED) == 0 &&
                                      info.si_code == CLD_EXITED && info.si_status == 3);

  child = child_that_exits(4);
  wrong += expect("group", waitpid(0, &status, 0) == child && WEXITSTATUS(status) == 4);

  int permission[2];
  if (pipe(permission) != 0) return 1;
  child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    char byte;
    _exit(read(permission[0], &byte, 1) == 1 ? 5 : 1);
  }
  wrong += expect("stopped", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) &&
                                 WSTOPSIG(status) == SIGSTOP);
  kill(child, SIGCONT);
  wrong += expect("continued", waitid(P_PID, static_cast<id_t>(child), &info, WCONTINUED) == 0 &&
                                   info.si_code == CLD_CONTINUED);
  if (write(permission[1], "e", 1) != 1) return 1;
  wrong += expect("exited", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 5);
  wrong += expect("nobody", wait(&status) == -1 && errno == ECHILD);
  return wrong;
}
