// While read and poll sleep, another thread stores right beside (and into) their buffers: those
// stores must survive.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

int main() {
  int wrong = 0;
  int ends[2];
  if (pipe(ends) != 0) return 1;
  for (int round = 0; round < 5; ++round) {
    volatile char buffer[256] = {};
    std::thread writer([&] {
      usleep(200);
      buffer[100] = 'x';
      buffer[3] = 'y';
      if (write(ends[1], "abc", 3) != 3) _exit(1);
    });
    const ssize_t size = read(ends[0], const_cast<char*>(&buffer[0]), sizeof buffer);
    writer.join();
    std::printf("read %zd: %c%c%c %c %c\n", size, buffer[0], buffer[1], buffer[2], buffer[3],
                buffer[100]);
    if (buffer[2] != 'c' || buffer[3] != 'y' || buffer[100] != 'x') wrong = 1;

    volatile struct { pollfd before, polled, after; } set = {{}, {ends[0], POLLIN, 0}, {}};
    std::thread poked([&] {
      usleep(200);
      set.before.fd = 11;
      set.after.fd = 22;
      if (write(ends[1], "d", 1) != 1) _exit(1);
    });
    const int ready = poll(const_cast<pollfd*>(&set.polled), 1, 5000);
    poked.join();
    std::printf("poll %d: %d %d %d\n", ready, set.before.fd, set.polled.revents, set.after.fd);
    if (ready != 1 || set.before.fd != 11 || set.after.fd != 22) wrong = 1;
    char byte;
    if (read(ends[0], &byte, 1) != 1) wrong = 1;
  }
  return wrong;
}
