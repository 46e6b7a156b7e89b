// Changing ids reaches every thread by a signal of the C library's own.
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    while (!stop) usleep(100);
  });
  threads.emplace_back([&] {
    while (!stop) getppid();
  });
  int ends[2];
  if (pipe(ends) != 0) return 1;
  threads.emplace_back([&] {
    char byte;
    if (read(ends[0], &byte, 1) != 1) _exit(1);
  });
  usleep(300);
  const int groups = setresgid(getgid(), getegid(), getegid());
  const int users = setuid(getuid());
  std::printf("setresgid %d, setuid %d\n", groups, users);
  stop = true;
  if (write(ends[1], "x", 1) != 1) return 1;
  for (std::thread& thread : threads) thread.join();
  return groups != 0 || users != 0;
}
