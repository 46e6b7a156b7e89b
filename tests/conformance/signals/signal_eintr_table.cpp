// Every call that sleeps, interrupted by a handler with and without SA_RESTART: which fail with
// EINTR, and which go on until what they wait for happens.
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "temporary.h"

namespace {
volatile sig_atomic_t handled = 0;
void note(int) { handled = handled + 1; }

/// `call` sleeps until a signal comes, 10 ms later; with SA_RESTART a child lets it end afterwards.
void try_call(const char* name, bool restart, const std::function<long()>& call,
              const std::function<void()>& end) {
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = restart ? SA_RESTART : 0;
  sigaction(SIGUSR1, &action, nullptr);
  handled = 0;
  std::fflush(stdout);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    usleep(10'000);
    kill(parent, SIGUSR1);
    usleep(10'000);
    end();
    usleep(30'000);
    kill(parent, SIGUSR1);  // what does not restart has ended before
    _exit(0);
  }
  errno = 0;
  const long result = call();
  const int error = errno;
  const int before = handled;
  while (waitpid(child, nullptr, 0) != child) {
  }
  std::printf("%s%s: %s after %d\n", name, restart ? " (restart)" : "",
              result >= 0 ? "done" : strerrorname_np(error), before);
}
}  // namespace

int main() {
  int data[2], full[2], sockets[2];
  OBSERVE(pipe(data) == 0 && pipe(full) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  fcntl(full[1], F_SETPIPE_SZ, 4096);
  const std::string page(4096, 'x');
  OBSERVE(write(full[1], page.data(), page.size()) == 4096);
  char byte = 0, many[8192] = {};
  const auto feed = [&] { OBSERVE(write(data[1], "x", 1) == 1); };
  const auto drain = [&] { OBSERVE(read(full[0], many, 4096) == 4096); };
  const auto send_one = [&] { OBSERVE(send(sockets[1], "x", 1, 0) == 1); };
  const auto nothing = [] {};
  constexpr bool kBoth[] = {false, true};
  for (const bool restart : kBoth) {
    const auto go = [&](const char* name, const std::function<long()>& call,
                        const std::function<void()>& end) { try_call(name, restart, call, end); };
    const auto empty = [&] {
      pollfd ready = {data[0], POLLIN, 0};
      if (poll(&ready, 1, 0) == 1) OBSERVE(read(data[0], &byte, 1) == 1);
      ready.fd = sockets[0];
      if (poll(&ready, 1, 0) == 1) OBSERVE(recv(sockets[0], &byte, 1, 0) == 1);
      int left = 0;
      while (ioctl(full[0], 0x541b /* FIONREAD */, &left) == 0 && left < 4096) {
        OBSERVE(write(full[1], page.data(), size_t(4096 - left)) > 0);
      }
    };
    go(
        "read", [&] { return read(data[0], &byte, 1); }, feed);
    empty();
    iovec vector = {&byte, 1};
    go(
        "readv", [&] { return readv(data[0], &vector, 1); }, feed);
    empty();
    go(
        "write", [&] { return write(full[1], "y", 1); }, drain);
    empty();
    go(
        "recv", [&] { return recv(sockets[0], &byte, 1, 0); }, send_one);
    empty();
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    go(
        "recvmsg", [&] { return recvmsg(sockets[0], &message, 0); }, send_one);
    empty();
    mmsghdr messages[1] = {{message, 0}};
    go(
        "recvmmsg", [&] { return recvmmsg(sockets[0], messages, 1, 0, nullptr); }, send_one);
    empty();
    pollfd polled = {data[0], POLLIN, 0};
    go(
        "poll", [&] { return poll(&polled, 1, 500); }, feed);
    empty();
    timespec limit = {0, 500'000'000};
    go(
        "ppoll", [&] { return ppoll(&polled, 1, &limit, nullptr); }, feed);
    empty();
    fd_set set;
    FD_ZERO(&set);
    FD_SET(data[0], &set);
    timeval time = {0, 500'000};
    go(
        "select", [&] { return select(data[0] + 1, &set, nullptr, nullptr, &time); }, feed);
    empty();
    FD_SET(data[0], &set);
    go(
        "pselect", [&] { return pselect(data[0] + 1, &set, nullptr, nullptr, &limit, nullptr); },
        feed);
    empty();
    const int epoll = epoll_create1(0);
    epoll_event event = {EPOLLIN, {}}, seen = {};
    OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, data[0], &event) == 0);
    go(
        "epoll_wait", [&] { return epoll_wait(epoll, &seen, 1, 500); }, feed);
    empty();
    go(
        "epoll_pwait2", [&] { return syscall(SYS_epoll_pwait2, epoll, &seen, 1, &limit, 0, 8); },
        feed);
    empty();
    close(epoll);
    const int counter = eventfd(0, 0);
    uint64_t value = 0;
    go(
        "eventfd", [&] { return read(counter, &value, 8); }, [&] { eventfd_write(counter, 1); });
    close(counter);
    const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    const itimerspec soon = {{0, 0}, {0, 30'000'000}};
    OBSERVE(timerfd_settime(timer, 0, &soon, nullptr) == 0);
    go(
        "timerfd", [&] { return read(timer, &value, 8); }, nothing);
    close(timer);
    const int notify = inotify_init1(0);
    if (!restart)
      go(
          "inotify", [&] { return read(notify, many, sizeof many); }, nothing);
    close(notify);
    const timespec wait = {0, 30'000'000};
    timespec left = {};
    go(
        "nanosleep", [&] { return nanosleep(&wait, &left); }, nothing);
    go(
        "clock_nanosleep",
        [&] {
          errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, &left);
          return errno ? -1L : 0L;
        },
        nothing);
    go(
        "pause", [] { return pause(); }, nothing);
    sigset_t none;
    sigemptyset(&none);
    go(
        "sigsuspend", [&] { return sigsuspend(&none); }, nothing);
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    sigprocmask(SIG_BLOCK, &other, nullptr);
    go(
        "sigtimedwait", [&] { return sigtimedwait(&other, nullptr, &wait); }, nothing);
    int word = 1;
    go(
        "futex", [&] { return syscall(SYS_futex, &word, FUTEX_WAIT, 1, &wait, nullptr, 0); },
        nothing);
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    timespec until = {};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (!restart)
      go(
          "sem_timedwait", [&] { return sem_timedwait(&semaphore, &until); }, nothing);
    Temporary file;
    const int holder = open(file.path(), O_RDWR);
    OBSERVE(flock(holder, LOCK_EX) == 0);
    // The child shares the open file: it may let go of the lock.
    go(
        "flock", [&] { return flock(file.fd(), LOCK_EX); }, [&] { flock(holder, LOCK_UN); });
    flock(file.fd(), LOCK_UN);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    OBSERVE(fcntl(holder, F_OFD_SETLK, &lock) == 0);
    go(
        "F_OFD_SETLKW", [&] { return fcntl(file.fd(), F_OFD_SETLKW, &lock); },
        [&] {
          struct flock open = {};
          open.l_type = F_UNLCK;
          fcntl(holder, F_OFD_SETLK, &open);
        });
    close(holder);
    const pid_t sleeper = fork();
    if (sleeper == 0) {
      for (;;) pause();
    }
    go(
        "waitpid", [&] { return waitpid(sleeper, nullptr, 0); }, [&] { kill(sleeper, SIGKILL); });
    if (!restart) waitpid(sleeper, nullptr, 0);
    const int queue = msgget(IPC_PRIVATE, 0600), set_id = semget(IPC_PRIVATE, 1, 0600);
    struct {
      long type;
      char text[8];
    } letter = {1, "hello"};
    go(
        "msgrcv", [&] { return msgrcv(queue, &letter, 8, 0, 0); },
        [&] { msgsnd(queue, &letter, 6, 0); });
    sembuf down = {0, -1, 0};
    go(
        "semop", [&] { return semop(set_id, &down, 1); },
        [&] {
          sembuf up = {0, 1, 0};
          semop(set_id, &up, 1);
        });
    msgctl(queue, IPC_RMID, nullptr);
    semctl(set_id, 0, IPC_RMID);
    const std::string fifo = std::string(file.path()) + ".fifo";
    OBSERVE(mkfifo(fifo.c_str(), 0600) == 0);
    int opened = -1;
    go(
        "open", [&] { return opened = open(fifo.c_str(), O_RDONLY); },
        [&] { close(open(fifo.c_str(), O_RDWR)); });
    if (opened >= 0) close(opened);
    unlink(fifo.c_str());
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socklen_t length = sizeof(sa_family_t);
    OBSERVE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    OBSERVE(listen(listener, 4) == 0);
    length = sizeof address;
    OBSERVE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    int accepted = -1;
    go(
        "accept", [&] { return accepted = accept(listener, nullptr, nullptr); },
        [&] {
          const int client = socket(AF_UNIX, SOCK_STREAM, 0);
          connect(client, reinterpret_cast<sockaddr*>(&address), length);
        });
    if (accepted >= 0) close(accepted);
    close(listener);
  }
}
