// Another thread stores into the buffer of a read that a signal then interrupts: the store
// survives.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  int ends[2];
  if (pipe(ends) != 0) return 1;
  volatile long value = 1;
  const pthread_t self = pthread_self();
  std::thread other([&] {
    usleep(500);
    value = 5;
    pthread_kill(self, SIGUSR1);
    usleep(2000);
    // Only needed if the signal came before the read did.
    if (write(ends[1], "12345678", 8) != 8) _exit(1);
  });
  const ssize_t size = read(ends[0], const_cast<long*>(&value), sizeof value);
  std::printf("read %zd, value %ld\n", size, size == 8 ? 0 : value);
  other.join();
  return size == -1 && value != 5;
}
