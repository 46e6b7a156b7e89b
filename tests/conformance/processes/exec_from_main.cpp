// execve by the first thread while others run: they vanish, the process keeps its pid.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("executed: same pid %d, tid is pid %d\n", std::atoi(argv[1]) == getpid(),
                gettid() == getpid());
    return std::atoi(argv[1]) != getpid();
  }
  for (int i = 0; i < 3; ++i) std::thread([] { pause(); }).detach();
  std::thread([] {
    for (;;) usleep(50);
  }).detach();
  usleep(300);
  const std::string pid = std::to_string(getpid());
  std::printf("executing\n");
  std::fflush(stdout);
  execl("/proc/self/exe", argv[0], pid.c_str(), nullptr);
  std::perror("execl");
  return 1;
}
