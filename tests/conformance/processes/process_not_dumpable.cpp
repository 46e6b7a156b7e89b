// A program that keeps its memory from other processes of its user, as agents with keys do.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("after exec %d\n", prctl(PR_GET_DUMPABLE));
    return 0;
  }
  OBSERVE(prctl(PR_SET_DUMPABLE, 0) == 0);
  std::printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
  std::thread([] { std::printf("thread %d\n", prctl(PR_GET_DUMPABLE)); }).join();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::printf("child %d\n", prctl(PR_GET_DUMPABLE));
    std::fflush(stdout);
    execl("/proc/self/exe", argv[0], "again", nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  OBSERVE(prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_GET_DUMPABLE) == 1);
}
