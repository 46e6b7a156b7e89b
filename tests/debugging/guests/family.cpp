// A process with a child that fails, and another that is killed.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>

int shared_number = 1;

int main() {
  const pid_t first = fork();
  if (first == 0) {
    shared_number = 7;
    std::printf("child\n");
    std::fflush(stdout);
    _exit(shared_number);  // in the child
  }
  waitpid(first, nullptr, 0);
  const pid_t second = fork();
  if (second == 0) {
    raise(SIGKILL);
  }
  waitpid(second, nullptr, 0);
  const char text[] = "to stderr\n";
  return write(2, text, sizeof text - 1) < 0;
}
