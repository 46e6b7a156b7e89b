// Three ways to end: quick_exit, exit from a thread with handlers, and a process status of 256.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {
template <typename Function>
int status_of(Function function) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    function();
    _exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("status %d\n", WEXITSTATUS(status));
  return WEXITSTATUS(status);
}
}  // namespace

int main() {
  bool right = status_of([] {
                 std::at_quick_exit([] { _exit(31); });
                 std::quick_exit(1);
               }) == 31;
  right &= status_of([] {
             std::atexit([] { _exit(32); });
             std::thread([] { std::exit(1); }).join();
           }) == 32;
  right &= status_of([] { _exit(256 + 33); }) == 33;
  right &= status_of([] { std::terminate(); }) == 0;
  return !right;
}
