// _exit by a thread that is not the first, while that one waits for it.
#include <unistd.h>

#include <cstdio>
#include <thread>

int main() {
  std::thread([] {
    usleep(200);
    std::printf("the thread ends everything\n");
    std::fflush(stdout);
    _exit(13);
  }).join();
  return 1;
}
