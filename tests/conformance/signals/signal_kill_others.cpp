// A process with threads is killed from outside: in the middle of its calls.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <thread>

int main() {
  for (int signal : {SIGKILL, SIGTERM, SIGKILL}) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    const pid_t child = fork();
    if (child == 0) {
      static std::mutex mutex;
      mutex.lock();
      for (int i = 0; i < 4; ++i) {
        std::thread([i] {
          if (i == 0) mutex.lock();
          if (i == 1) pause();
          for (;;) usleep(20);
        }).detach();
      }
      if (write(ends[1], "r", 1) != 1) _exit(1);
      for (;;) getppid();
    }
    char byte;
    if (read(ends[0], &byte, 1) != 1) return 1;
    usleep(500);
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    std::fflush(stdout);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal) return 1;
    close(ends[0]);
    close(ends[1]);
  }
}
