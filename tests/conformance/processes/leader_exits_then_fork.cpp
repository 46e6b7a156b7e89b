// The first thread has ended; another one forks and waits, then the last thread leaves: status 0.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

int main() {
  std::thread([] {
    usleep(500);
    const pid_t child = fork();
    if (child == 0) _exit(3);
    int status = 0;
    if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 3) _exit(1);
    std::printf("child ended with %d\n", WEXITSTATUS(status));
  }).detach();
  pthread_exit(nullptr);
}
