// vfork in one thread while others run: only the thread that called stands still.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

int main() {
  static int ends[2];
  if (pipe(ends) != 0) return 1;
  static std::atomic<bool> done{false};
  // The child ends only once the other thread, which goes on meanwhile, has written.
  std::thread writer([] {
    usleep(500);
    if (write(ends[1], "w", 1) != 1) _exit(1);
    for (int turn = 0; !done; ++turn) usleep(100);
  });
  static char byte = 0;
  const pid_t child = vfork();
  if (child == 0) {
    if (read(ends[0], &byte, 1) != 1) _exit(1);
    _exit(3);
  }
  std::printf("back with byte %c\n", byte);
  int status = 0;
  waitpid(child, &status, 0);
  done = true;
  writer.join();
  return byte != 'w' || WEXITSTATUS(status) != 3;
}
