// A child writes slowly into a pipe; the parent waits with poll, ppoll and select with timeouts.
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  pollfd wait_for = {ends[0], POLLIN, 0};
  OBSERVE(poll(&wait_for, 1, 0) == 0);
  OBSERVE(poll(&wait_for, 1, 10) == 0);
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    for (int i = 0; i < 3; ++i) {
      usleep(5'000);
      if (write(ends[1], &"abc"[i], 1) != 1) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  char byte = 0;
  OBSERVE(poll(&wait_for, 1, -1) == 1 && wait_for.revents == POLLIN);
  OBSERVE(read(ends[0], &byte, 1) == 1 && byte == 'a');
  sigset_t none;
  sigemptyset(&none);
  timespec second = {1, 0};
  OBSERVE(ppoll(&wait_for, 1, &second, &none) == 1);
  OBSERVE(read(ends[0], &byte, 1) == 1 && byte == 'b');
  fd_set set;
  FD_ZERO(&set);
  FD_SET(ends[0], &set);
  timeval limit = {5, 0};
  OBSERVE(select(ends[0] + 1, &set, nullptr, nullptr, &limit) == 1 && FD_ISSET(ends[0], &set));
  OBSERVE(limit.tv_sec <= 5);
  std::printf("select left %ld.%06ld\n", limit.tv_sec, limit.tv_usec);
  OBSERVE(read(ends[0], &byte, 1) == 1 && byte == 'c');
  OBSERVE(poll(&wait_for, 1, -1) == 1 && (wait_for.revents & POLLHUP));
  OBSERVE(read(ends[0], &byte, 1) == 0);
  int status = 0;
  OBSERVE(wait(&status) == child && status == 0);
  limit = {0, 10'000};
  OBSERVE(select(0, nullptr, nullptr, nullptr, &limit) == 0);
  std::puts("done");
}
