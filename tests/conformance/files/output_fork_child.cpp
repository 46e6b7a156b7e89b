// A child and a grandchild, made by fork and by exec, write to the same standard output.
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("executed again\n");
    return 3;
  }
  std::printf("buffered before the fork\n");  // both print it if standard output is no terminal
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    std::printf("child\n");
    std::fflush(stdout);
    if (fork() == 0) {
      execl("/proc/self/exe", argv[0], "again", nullptr);
      _exit(9);
    }
    int status = 0;
    wait(&status);
    std::printf("grandchild ended with %d\n", WEXITSTATUS(status));
    return 0;
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  std::printf("parent\n");
}
