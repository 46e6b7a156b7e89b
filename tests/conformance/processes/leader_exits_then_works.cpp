// The first thread has ended; what another one does with memory, files, threads, signals and time
// works as before.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {
volatile sig_atomic_t alarms = 0;

void expect(const char* what, bool right) {
  std::printf("%s: %s\n", what, right ? "yes" : "no");
  std::fflush(stdout);
  if (!right) _exit(1);
}

void work() {
  // The link of a process whose leader is a zombie leads nowhere.
  while (access("/proc/self/exe", F_OK) == 0) usleep(100);
  auto* const memory = static_cast<char*>(
      mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  memory[5000] = 'm';
  expect("mprotect", mprotect(memory, 4096, PROT_READ) == 0 && memory[5000] == 'm');
  const int own = open("/proc/thread-self/exe", O_RDONLY);
  const auto* const mapped =
      static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, own, 0));
  expect("mapped file", own >= 0 && std::memcmp(mapped,
                                                "\x7f"
                                                "ELF",
                                                4) == 0);
  int ends[2];
  expect("pipe", pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
  char buffer[8] = {};
  expect("read", read(ends[0], buffer, sizeof buffer) == 3 && std::strcmp(buffer, "abc") == 0);
  std::thread writer([&] {
    usleep(300);
    if (write(ends[1], "d", 1) != 1) _exit(1);
  });
  pollfd polled = {ends[0], POLLIN, 0};
  expect("poll", poll(&polled, 1, 5000) == 1 && polled.revents == POLLIN);
  writer.join();
  signal(SIGALRM, [](int) { alarms = alarms + 1; });
  const itimerval timer = {{0, 0}, {0, 500}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  while (alarms == 0) usleep(1000);
  expect("alarm", alarms == 1);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  kill(getpid(), SIGUSR1);
  siginfo_t info = {};
  expect("sigwaitinfo", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_pid == getpid());
  std::exit(0);
}
}  // namespace

int main() {
  std::thread(work).detach();
  pthread_exit(nullptr);
}
