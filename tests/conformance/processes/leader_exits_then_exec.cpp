// The first thread has ended; another one executes a program, and takes its tid.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("executed, tid is pid %d\n", gettid() == getpid());
    return gettid() != getpid();
  }
  std::thread([argv] {
    usleep(500);
    execl("/proc/thread-self/exe", argv[0], "again", nullptr);
    _exit(1);
  }).detach();
  pthread_exit(nullptr);
}
