// Several threads execute a program at the same time: one wins, the process keeps its pid.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

int main(int argc, char** argv) {
  if (argc > 1) {
    std::printf("winner %s, same pid %d\n", argv[2], std::atoi(argv[1]) == getpid());
    return std::atoi(argv[1]) != getpid();
  }
  const std::string pid = std::to_string(getpid());
  // Nobody starts a thread while another one executes: that may fail.
  std::atomic<bool> go{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (!go) usleep(20);
      execl("/proc/self/exe", argv[0], pid.c_str(), std::to_string(i).c_str(), nullptr);
      _exit(1);
    });
  }
  go = true;
  for (std::thread& thread : threads) thread.join();
  return 1;
}
