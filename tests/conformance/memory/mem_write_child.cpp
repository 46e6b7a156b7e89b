// A process writes the memory of its child with process_vm_writev, in pieces, while the child looks
// at it; and a child that of its parent.
#include <sched.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "observe.h"

static std::atomic<int> turn;
static char text[2][16];
static char large[200'000];

static void set(pid_t pid, int value) {
  iovec source = {&value, sizeof value}, target = {&turn, sizeof turn};
  OBSERVE(process_vm_writev(pid, &source, 1, &target, 1, 0) == ssize_t(sizeof value));
}

static void wait_for(int value) {
  while (turn != value) sched_yield();
}

int main() {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    wait_for(1);
    std::printf("child sees %s %s\n", text[0], text[1]);
    std::fflush(stdout);
    set(parent, 2);
    wait_for(3);
    for (const char c : large) OBSERVE(c == 'x');
    _exit(9);
  }
  char from[] = "hello";
  const iovec source[] = {{from, 2}, {from + 2, 4}};
  const iovec target[] = {{text[0], 3}, {text[1], 1}, {text[1] + 1, 2}};
  OBSERVE(process_vm_writev(child, source, 2, target, 3, 0) == 6);
  OBSERVE(text[0][0] == 0);
  set(child, 1);
  wait_for(2);
  std::memset(large, 'x', sizeof large);
  const iovec all = {large, sizeof large};
  OBSERVE(process_vm_writev(child, &all, 1, &all, 1, 0) == ssize_t(sizeof large));
  const iovec nowhere = {reinterpret_cast<void*>(8), 8};
  OBSERVE(process_vm_writev(child, source, 1, &nowhere, 1, 0) == -1 && errno == EFAULT);
  set(child, 3);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  OBSERVE(WIFEXITED(status) && WEXITSTATUS(status) == 9);
  OBSERVE(process_vm_writev(child, source, 1, target, 1, 0) == -1 && errno == ESRCH);
  std::puts("done");
}
