// The first thread ends before the others, which join it and decide how the process ends.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

int main() {
  static const pthread_t leader = pthread_self();
  std::thread([] {
    void* result = nullptr;
    if (pthread_join(leader, &result) != 0) _exit(1);
    std::printf("the leader left %ld; pid %d, tid %d\n", reinterpret_cast<long>(result), getpid(),
                gettid());
    std::exit(9);
  }).detach();
  pthread_exit(reinterpret_cast<void*>(77));
}
