// epoll over a pipe, an eventfd and a timerfd, level and edge triggered, with the program's data.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cstdint>

#include "observe.h"

int main() {
  int set = epoll_create1(EPOLL_CLOEXEC);
  int counter = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  int ends[2];
  OBSERVE(set >= 0 && counter >= 0 && timer >= 0 && pipe(ends) == 0);
  auto add = [&](int fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event = {};
    event.events = events;
    event.data.u64 = data;
    OBSERVE(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
  };
  add(ends[0], EPOLLIN | EPOLLET, 0x1111111100000001);
  add(counter, EPOLLIN, 0x2222222200000002);
  add(timer, EPOLLIN | EPOLLONESHOT, 3);
  epoll_event events[8] = {};
  OBSERVE(epoll_wait(set, events, 8, 0) == 0);
  OBSERVE(write(ends[1], "x", 1) == 1);
  OBSERVE(epoll_wait(set, events, 8, -1) == 1);
  OBSERVE(std::uint64_t(events[0].data.u64) == 0x1111111100000001);
  OBSERVE(epoll_wait(set, events, 8, 0) == 0);  // the edge is over
  std::uint64_t value = 5;
  OBSERVE(write(counter, &value, 8) == 8 && write(counter, &value, 8) == 8);
  OBSERVE(epoll_pwait(set, events, 8, 1000, nullptr) == 1);
  OBSERVE(read(counter, &value, 8) == 8 && value == 10);
  OBSERVE(read(counter, &value, 8) == -1 && errno == EAGAIN);
  itimerspec soon = {};
  soon.it_value.tv_nsec = 5'000'000;
  OBSERVE(timerfd_settime(timer, 0, &soon, nullptr) == 0);
  OBSERVE(epoll_wait(set, events, 8, 5000) == 1);
  OBSERVE(std::uint64_t(events[0].data.u64) == 3);
  OBSERVE(read(timer, &value, 8) == 8 && value == 1);
  std::printf("%x\n", static_cast<unsigned>(events[0].events));
}
