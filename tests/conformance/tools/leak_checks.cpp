// Leak checks in the middle of a test (__lsan_do_recoverable_leak_check), with threads that go on
// after them: their calls end as if nothing had been.
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

extern "C" int __lsan_do_recoverable_leak_check();

int main() {
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  const int set = epoll_create1(0);
  const int event = eventfd(0, 0);
  epoll_event wanted = {};
  wanted.events = EPOLLIN;
  OBSERVE(epoll_ctl(set, EPOLL_CTL_ADD, event, &wanted) == 0);

  std::thread reader([&] {
    for (int i = 0; i < 2; ++i) {
      char byte = 0;
      OBSERVE(read(ends[0], &byte, 1) == 1);
      OBSERVE(byte == 'a' + i);
    }
  });
  std::thread waiter([&] {
    for (std::uint64_t events = 0; events < 2;) {
      epoll_event got = {};
      if (epoll_wait(set, &got, 1, -1) != 1) continue;  // a real attach interrupts it, with EINTR
      std::uint64_t count = 0;
      OBSERVE(read(event, &count, sizeof count) == sizeof count);
      events += count;
    }
  });
  for (char byte = 'a'; byte < 'c'; ++byte) {
    OBSERVE(__lsan_do_recoverable_leak_check() == 0);
    OBSERVE(write(ends[1], &byte, 1) == 1);
    const std::uint64_t one = 1;
    OBSERVE(write(event, &one, sizeof one) == sizeof one);
    usleep(1000);
  }
  reader.join();
  waiter.join();
  std::puts("done");
}
