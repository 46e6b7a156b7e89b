// How often the kernel takes a program off the CPU that does one thing again and again: each stop
// is such a switch. Arguments: what, and how often.
#include <cpuid.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iterator>
#include <thread>

#include "observe.h"

namespace {

int ends[2];
int epoll;

void cpuid() {
  unsigned a, b, c, d;
  __cpuid_count(7, 0, a, b, c, d);
}

void draw_random() {
  unsigned long value = 0;
  asm volatile("mov $7, %%ecx\nrdrand %0" : "=r"(value) : : "rcx", "cc");
}

unsigned long counter() {
  unsigned long low = 0, high = 0;
  asm volatile("mov $7, %%eax\nrdtsc" : "=a"(low), "=d"(high));
  return high << 32 | low;
}

/// So often before that it does not trap any more.
void read_counter() {
  static const bool is_open = [] {
    for (int i = 0; i < 1000; ++i) OBSERVE(counter() != 0);
    return true;
  }();
  OBSERVE(is_open && counter() != 0);
}

void pipe_round() {
  char byte = 'x';
  OBSERVE(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
  OBSERVE(read(ends[0], &byte, 1) == -1 && errno == EAGAIN);
}

/// One that waited before.
void changed_pipe_round() {
  if (fcntl(ends[0], F_GETFL) & O_NONBLOCK) return pipe_round();
  for (int i = 0; i < 3; ++i) {
    char byte = 'x';
    OBSERVE(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
  }
  int yes = 1;
  OBSERVE(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && ioctl(ends[1], FIONBIO, &yes) == 0);
  pipe_round();
}

/// Beside a file that is mapped with MAP_SHARED, but only to be read, as the C library maps its
/// conversions.
void shared_round() {
  static const bool is_mapped = [] {
    const int file = open("/etc/passwd", O_RDONLY);
    return file >= 0 && mmap(nullptr, 1, PROT_READ, MAP_SHARED, file, 0) != MAP_FAILED;
  }();
  OBSERVE(is_mapped);
  pipe_round();
}

void socket_round() {
  char byte = 'x';
  OBSERVE(send(ends[1], &byte, 1, MSG_DONTWAIT) == 1);
  OBSERVE(recv(ends[0], &byte, 1, MSG_DONTWAIT) == 1);
}

void look() {
  pollfd one{ends[0], POLLIN, 0};
  epoll_event event;
  OBSERVE(poll(&one, 1, 0) == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
}

void mask() {
  sigset_t set, old;
  sigfillset(&set);
  OBSERVE(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  OBSERVE(sigprocmask(SIG_SETMASK, &old, nullptr) == 0);
}

void yield() { OBSERVE(sched_yield() == 0); }

void change_memory() {
  constexpr std::size_t kSize = 1 << 20;
  static char* const memory = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(mprotect(memory, kSize / 2, PROT_NONE) == 0);
  OBSERVE(mprotect(memory, kSize / 2, PROT_READ | PROT_WRITE) == 0);
  OBSERVE(madvise(memory + kSize / 2, kSize / 2, MADV_DONTNEED) == 0);
}

/// Beside threads that wait for other futexes.
void wake_beside_waiters() {
  static std::atomic<unsigned> words[3];
  static const bool waits = [] {
    for (unsigned i = 1; i < 3; ++i)
      std::thread([i] { syscall(SYS_futex, &words[i], FUTEX_WAIT_PRIVATE, 0, nullptr); }).detach();
    return true;
  }();
  OBSERVE(waits && syscall(SYS_futex, &words[0], FUTEX_WAKE_PRIVATE, 1) == 0);
}

/// The futex that a thread waits for, but not for these bits.
void wake_other_bits() {
  static std::atomic<unsigned> word;
  static const bool waits = [] {
    std::thread([] {
      syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, 1);
    }).detach();
    // How many sleep there: requeued to where they are.
    while (syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 0, 1, &word, 0) != 1) sched_yield();
    return true;
  }();
  const int bits = FUTEX_WAKE_BITSET_PRIVATE;
  OBSERVE(waits && syscall(SYS_futex, &word, bits, 1, nullptr, nullptr, 2) == 0);
}

void ask_break() { OBSERVE(syscall(SYS_brk, 0) > 0); }

/// What no disassembly finds, so that it stops only if the time-stamp counter traps: the last bytes
/// of an instruction. (No replay would find its values.)
asm(R"(
.text
.type hidden_read, @function
hidden_read:
  movl $0x00c3310f, %eax
  ret
.size hidden_read, . - hidden_read
)");
extern "C" const char hidden_read[];

/// After this the counter does not trap (docs/decisions/0025).
void read_clock_often() {
  timespec now{};
  for (int i = 0; i < 3000; ++i) OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
}

void read_hidden_counter() {
  static const bool is_open = (read_clock_often(), true);
  asm volatile("call *%0" : : "r"(hidden_read + is_open) : "rax", "rdx", "memory");
}

struct Thing {
  const char* name;
  void (*act)();
};
constexpr Thing kThings[] = {{"cpuid", cpuid},
                             {"pipe", pipe_round},
                             {"socket", socket_round},
                             {"look", look},
                             {"mask", mask},
                             {"yield", yield},
                             {"break", ask_break},
                             {"memory", change_memory},
                             {"counter", read_counter},
                             {"hidden", read_hidden_counter},
                             {"wake", wake_beside_waiters},
                             {"bits", wake_other_bits},
                             {"random", draw_random},
                             {"changed", changed_pipe_round},
                             {"shared", shared_round}};

long switches() {
  rusage usage{};
  OBSERVE(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_nvcsw;
}

}  // namespace

int main(int argc, char** argv) {
  OBSERVE(argc == 3);
  for (const Thing& thing : kThings) {
    if (std::strcmp(thing.name, argv[1]) != 0) continue;
    const bool is_socket = thing.act == socket_round;
    const int flags = thing.act == changed_pipe_round ? 0 : O_NONBLOCK;
    OBSERVE((is_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe2(ends, flags)) == 0);
    epoll = epoll_create1(0);
    thing.act();
    const long before = switches();
    for (int i = 0; i < std::atoi(argv[2]); ++i) thing.act();
    std::printf("%ld\n", switches() - before);
    return 0;
  }
  return 1;
}
