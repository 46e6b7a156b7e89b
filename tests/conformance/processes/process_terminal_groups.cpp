// A session with a terminal of its own: foreground and background groups, SIGTTIN, SIGTTOU, the
// hang-up when its leader ends, keys that send signals.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "observe.h"

namespace {
int leader(int slave) {
  OBSERVE(setsid() == getpid() && ioctl(slave, TIOCSCTTY, 0) == 0);
  OBSERVE(tcgetpgrp(slave) == getpid() && tcgetsid(slave) == getpid());
  const pid_t background = fork();
  if (background == 0) {
    setpgid(0, 0);
    char byte;
    const ssize_t n = read(slave, &byte, 1);  // SIGTTIN, then in the foreground
    _exit(n == 1 ? byte : 1);
  }
  setpgid(background, background);
  int status = 0;
  OBSERVE(waitpid(background, &status, WUNTRACED) == background && WIFSTOPPED(status));
  dprintf(1, "stopped by %d\n", WSTOPSIG(status));
  OBSERVE(tcsetpgrp(slave, background) == 0 && kill(-background, SIGCONT) == 0);
  OBSERVE(waitpid(background, &status, 0) == background && WIFEXITED(status));
  dprintf(1, "it read %c\n", WEXITSTATUS(status));
  signal(SIGTTOU, SIG_IGN);
  OBSERVE(tcsetpgrp(slave, getpid()) == 0);
  return 0;
}
}  // namespace

int main() {
  int master = -1, slave = -1;
  OBSERVE(openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
  pid_t child = fork();
  if (child == 0) _exit(leader(slave));
  usleep(20'000);
  OBSERVE(write(master, "y\n", 2) == 2);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("leader: %d\n", status);
  std::fflush(stdout);

  child = fork();
  if (child == 0) {
    OBSERVE(setsid() == getpid());
    int other = open(ttyname(slave), O_RDWR);
    OBSERVE(other >= 0 && ioctl(other, TIOCSCTTY, 1) >= 0);
    OBSERVE(write(other, "ready\n", 6) == 6);
    for (;;) pause();
  }
  char text[64] = {};
  while (std::strstr(text, "ready") == nullptr) {
    const size_t length = std::strlen(text);
    OBSERVE(read(master, text + length, sizeof text - 1 - length) > 0);
  }
  OBSERVE(write(master, "\x03", 1) == 1);  // the interrupt key
  OBSERVE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
  std::printf("ended by %d\n", WTERMSIG(status));
}
