// All memory of now and later is locked, as programs for real time do it; then come threads, a
// child and calls that wait.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  const int locked = mlockall(MCL_CURRENT | MCL_FUTURE);
  std::printf("locked: %s\n", locked == 0 ? "yes" : "not allowed");
  std::fflush(stdout);
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  char text[8] = {};
  std::thread reader([&] { OBSERVE(read(ends[0], text, 5) == 5); });
  usleep(1000);
  OBSERVE(write(ends[1], "hello", 5) == 5);
  reader.join();
  std::printf("%s\n", text);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) _exit(3);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%d\n", WEXITSTATUS(status));
}
