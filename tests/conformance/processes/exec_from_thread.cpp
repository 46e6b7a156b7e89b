// execve by a thread that is not the first: it becomes the leader, with the leader's tid.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("executed: same pid %d, tid is pid %d\n", std::atoi(argv[1]) == getpid(),
                gettid() == getpid());
    return std::atoi(argv[1]) != getpid() || gettid() != getpid();
  }
  std::thread([] { pause(); }).detach();
  std::thread([argv] {
    const std::string pid = std::to_string(getpid());
    std::printf("executing in another thread: %d\n", gettid() != getpid());
    std::fflush(stdout);
    execl("/proc/self/exe", argv[0], pid.c_str(), nullptr);
    _exit(1);
  }).join();
  return 1;
}
