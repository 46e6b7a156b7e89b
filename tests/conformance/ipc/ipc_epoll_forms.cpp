// epoll: oneshot, exclusive, nested, many threads at one, an entry that is deleted while ready,
// epoll_pwait2 with nanoseconds, errors.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "observe.h"

int main() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC), counter = eventfd(0, EFD_NONBLOCK);
  epoll_event event = {EPOLLIN | EPOLLONESHOT, {.u64 = 7}}, seen[4] = {};
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event) == 0);
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event) == -1 && errno == EEXIST);
  OBSERVE(eventfd_write(counter, 3) == 0);
  std::printf("once %d", epoll_wait(epoll, seen, 4, 0));
  std::printf(", again %d", epoll_wait(epoll, seen, 4, 0));
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_MOD, counter, &event) == 0);
  std::printf(", armed anew %d\n", epoll_wait(epoll, seen, 4, 0));
  event.events = EPOLLIN | EPOLLET;
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_MOD, counter, &event) == 0);
  std::printf("edge %d %d", epoll_wait(epoll, seen, 4, 0), epoll_wait(epoll, seen, 4, 0));
  OBSERVE(eventfd_write(counter, 1) == 0);
  std::printf(" %d\n", epoll_wait(epoll, seen, 4, 0));

  const int outer = epoll_create1(0);
  event.events = EPOLLIN;
  OBSERVE(epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event) == 0);
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, outer, &event) == -1 && errno == ELOOP);
  OBSERVE(eventfd_write(counter, 1) == 0);
  std::printf("nested %d\n", epoll_wait(outer, seen, 4, 0));
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_DEL, counter, nullptr) == 0);
  std::printf("deleted %d\n", epoll_wait(outer, seen, 4, 0));
  OBSERVE(epoll_wait(epoll, seen, 0, 0) == -1 && errno == EINVAL);
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, open("/dev/null", O_RDONLY), &event) <= 0);
  timespec limit = {0, 300'000};
  std::printf("pwait2 %ld\n", syscall(SYS_epoll_pwait2, epoll, seen, 4, &limit, nullptr, 8));

  // Four threads wait; each of forty counts wakes at least one of them.
  const int work = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
  int taken[4] = {};
  std::vector<std::thread> threads;
  std::atomic<int> left = 40;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const int own = epoll_create1(0);
      epoll_event wanted = {EPOLLIN | EPOLLEXCLUSIVE, {}}, got = {};
      OBSERVE(epoll_ctl(own, EPOLL_CTL_ADD, work, &wanted) == 0);
      while (left.load() > 0) {
        if (epoll_wait(own, &got, 1, 50) != 1) continue;
        eventfd_t value = 0;
        if (eventfd_read(work, &value) != 0) continue;
        ++taken[i];
        --left;
      }
      close(own);
    });
  }
  for (int i = 0; i < 40; ++i) {
    OBSERVE(eventfd_write(work, 1) == 0);
    if (i % 10 == 0) usleep(500);
  }
  for (auto& thread : threads) thread.join();
  std::printf("taken %d\n", taken[0] + taken[1] + taken[2] + taken[3]);
}
