// Pipes and sockets that do not wait are read and written inside the process. Whether they wait is
// for their open file to say, which others share and change.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "observe.h"

namespace {

constexpr int kTimes = 200;
constexpr int kTurns = 40;  // each of which is many switches

struct Ends {
  int in = -1, out = -1;
  void close() const {
    for (const int end : {in, out}) OBSERVE(::close(end) == 0);
  }
};

Ends make_pipe(int flags) {
  int ends[2];
  OBSERVE(pipe2(ends, flags) == 0);
  return {ends[0], ends[1]};
}

Ends make_sockets(int type) {
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, type, 0, ends) == 0);
  return {ends[0], ends[1]};
}

bool would_wait(ssize_t result) { return result == -1 && errno == EAGAIN; }

void ends_with(pid_t child, int status) {
  int got = -1;
  OBSERVE(waitpid(child, &got, 0) == child && got == status);
}

void pipes() {
  const Ends pipe = make_pipe(O_NONBLOCK);
  char buffer[64];
  for (int i = 0; i < kTimes; ++i) {
    OBSERVE(would_wait(read(pipe.in, buffer, sizeof buffer)));
    const std::string text = std::to_string(i * 7919);
    OBSERVE(write(pipe.out, text.data(), text.size()) == ssize_t(text.size()));
    OBSERVE(read(pipe.in, buffer, sizeof buffer) == ssize_t(text.size()));
    OBSERVE(std::memcmp(buffer, text.data(), text.size()) == 0);
  }
  pipe.close();
}

void messages() {
  const Ends sockets = make_sockets(SOCK_STREAM);
  char buffer[64];
  for (int i = 0; i < kTimes; ++i) {
    OBSERVE(would_wait(recv(sockets.in, buffer, sizeof buffer, MSG_DONTWAIT)));
    OBSERVE(send(sockets.out, &i, sizeof i, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof i);
    int got = -1;
    OBSERVE(recv(sockets.in, &got, sizeof got, MSG_PEEK) == sizeof got && got == i);
    OBSERVE(recv(sockets.in, &got, sizeof got, MSG_DONTWAIT) == sizeof got && got == i);
  }
  // The same without a flag waits.
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    _exit(send(sockets.out, "late", 4, 0) == 4 ? 0 : 1);
  }
  OBSERVE(recv(sockets.in, buffer, sizeof buffer, 0) == 4 && std::memcmp(buffer, "late", 4) == 0);
  ends_with(child, 0);
  sockets.close();
}

/// A datagram that finds no memory is gone all the same.
void lost_datagram() {
  const Ends sockets = make_sockets(SOCK_DGRAM);
  char buffer[8];
  OBSERVE(send(sockets.out, "known", 5, 0) == 5 && recv(sockets.in, buffer, sizeof buffer, 0) == 5);
  for (int i = 0; i < 3; ++i) {
    OBSERVE(send(sockets.out, "lost", 4, MSG_DONTWAIT) == 4);
    OBSERVE(syscall(SYS_recvfrom, sockets.in, nullptr, 4, MSG_DONTWAIT, nullptr, nullptr) == -1 &&
            errno == EFAULT);
    std::printf("%d\n", int(recv(sockets.in, buffer, sizeof buffer, MSG_DONTWAIT)));
  }
  sockets.close();
}

/// A child makes the description that it shares wait.
void made_to_wait() {
  const Ends pipe = make_pipe(O_NONBLOCK);
  char byte = 0;
  for (int i = 0; i < 3; ++i) OBSERVE(would_wait(read(pipe.in, &byte, 1)));
  const pid_t child = fork();
  if (child == 0) {
    OBSERVE(fcntl(pipe.in, F_SETFL, 0) == 0);
    usleep(1000);
    _exit(write(pipe.out, "x", 1) == 1 ? 0 : 1);
  }
  while (fcntl(pipe.in, F_GETFL) & O_NONBLOCK) sched_yield();
  OBSERVE(read(pipe.in, &byte, 1) == 1 && byte == 'x');
  ends_with(child, 0);
  pipe.close();
}

/// Standard output in the place of a pipe: what is written there must be seen.
void replaced_by_output() {
  const Ends pipe = make_pipe(O_NONBLOCK);
  for (int i = 0; i < 5; ++i) OBSERVE(write(pipe.out, "unseen\n", 7) == 7);
  OBSERVE(dup2(1, pipe.out) == pipe.out);
  OBSERVE(write(pipe.out, "seen\n", 5) == 5);
  pipe.close();
}

volatile sig_atomic_t broken = 0;

void broken_pipe() {
  signal(SIGPIPE, [](int) { broken = broken + 1; });
  const Ends pipe = make_pipe(O_NONBLOCK);
  OBSERVE(write(pipe.out, "x", 1) == 1 && write(pipe.out, "y", 1) == 1);
  OBSERVE(close(pipe.in) == 0);
  for (int i = 0; i < 20; ++i) {
    OBSERVE(write(pipe.out, "z", 1) == -1 && errno == EPIPE);
    OBSERVE(broken == i + 1);
  }
  OBSERVE(close(pipe.out) == 0);
  signal(SIGPIPE, SIG_DFL);
}

void counters() {
  const int event = eventfd(0, EFD_NONBLOCK);
  for (std::uint64_t i = 1; i <= kTimes; ++i) {
    std::uint64_t value = 0;
    OBSERVE(would_wait(read(event, &value, sizeof value)));
    OBSERVE(write(event, &i, sizeof i) == sizeof i);
    OBSERVE(write(event, &i, sizeof i) == sizeof i);
    OBSERVE(read(event, &value, sizeof value) == sizeof value && value == 2 * i);
  }
  OBSERVE(close(event) == 0);
}

void looks() {
  const Ends pipe = make_pipe(0);
  const int epoll = epoll_create1(0);
  epoll_event interest{EPOLLIN, {.u64 = 42}};
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, pipe.in, &interest) == 0);
  for (int i = 0; i < kTimes; ++i) {
    pollfd both[] = {{pipe.in, POLLIN, -1}, {pipe.out, POLLOUT, -1}};
    epoll_event events[4];
    OBSERVE(poll(both, 2, 0) == 1 && both[0].revents == 0 && both[1].revents == POLLOUT);
    OBSERVE(epoll_wait(epoll, events, 4, 0) == 0);
    OBSERVE(write(pipe.out, "x", 1) == 1);
    OBSERVE(poll(both, 1, 0) == 1 && both[0].revents == POLLIN);
    OBSERVE(epoll_pwait(epoll, events, 4, 0, nullptr) == 1 && events[0].data.u64 == 42);
    OBSERVE(poll(both, 1, 1000) == 1 && epoll_wait(epoll, events, 4, 1000) == 1);
    char byte = 0;
    OBSERVE(read(pipe.in, &byte, 1) == 1);
  }
  OBSERVE(syscall(SYS_poll, nullptr, 1, 0) == -1 && errno == EFAULT);
  OBSERVE(syscall(SYS_epoll_wait, pipe.in, &interest, 1, 0) == -1 && errno == EINVAL);
  OBSERVE(close(epoll) == 0);
  pipe.close();
}

int next_number(int in) {
  int number = -1;
  while (would_wait(read(in, &number, sizeof number))) sched_yield();
  return number;
}

/// Sends what it gets, one more.
void answer_each(Ends ends) {
  for (int i = 0; i < kTurns; ++i) {
    const int number = next_number(ends.in) + 1;
    OBSERVE(write(ends.out, &number, sizeof number) == sizeof number);
  }
}

void ask_each(Ends ends) {
  for (int i = 0; i < kTurns; ++i) {
    OBSERVE(write(ends.out, &i, sizeof i) == sizeof i);
    OBSERVE(next_number(ends.in) == i + 1);
  }
}

void back_and_forth() {
  const Ends there = make_pipe(O_NONBLOCK), back = make_pipe(O_NONBLOCK);
  const pid_t child = fork();
  if (child == 0) {
    answer_each({there.in, back.out});
    _exit(0);
  }
  ask_each({back.in, there.out});
  ends_with(child, 0);
  std::thread other(answer_each, Ends{there.in, back.out});
  ask_each({back.in, there.out});
  other.join();
  there.close();
  back.close();
}

/// What wakes a thread that waits in a read fills its buffer while the writer goes on.
void wakes_a_reader() {
  const Ends pipe = make_pipe(0);
  OBSERVE(fcntl(pipe.out, F_SETFL, O_NONBLOCK) == 0);  // both ends have flags of their own
  std::atomic<int> sum = 0;
  std::thread reader([&] {
    int number = 0;
    while (read(pipe.in, &number, sizeof number) == sizeof number && number >= 0) sum += number;
  });
  for (int i = 0; i < kTimes; ++i) OBSERVE(write(pipe.out, &i, sizeof i) == sizeof i);
  const int end = -1;
  OBSERVE(write(pipe.out, &end, sizeof end) == sizeof end);
  reader.join();
  OBSERVE(sum == kTimes * (kTimes - 1) / 2);
  pipe.close();
}

}  // namespace

int main() {
  pipes();
  messages();
  lost_datagram();
  made_to_wait();
  replaced_by_output();
  broken_pipe();
  counters();
  looks();
  back_and_forth();
  wakes_a_reader();
  return 0;
}
