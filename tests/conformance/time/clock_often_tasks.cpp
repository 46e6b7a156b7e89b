// Threads, forked children and executed programs of a process that read the clock often: each reads
// the clock and the counter, also in code that nobody knows.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "clock_often.h"

namespace {

/// Counter reads of a program that has just begun, in code that it wrote.
void run_own_code() {
  constexpr unsigned char kCode[] = {0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3};
  void* const code =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OBSERVE(code != MAP_FAILED);
  std::memcpy(code, kCode, sizeof kCode);
  std::printf("%lx\n", reinterpret_cast<unsigned long (*)()>(code)());
}

void wait_for(pid_t child) {
  int status = 0;
  OBSERVE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

void in_child(void (*act)()) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    act();
    std::fflush(nullptr);
    _exit(0);
  }
  wait_for(child);
}

void in_program(const char* self, const char* what) {
  std::fflush(nullptr);
  const pid_t child = vfork();
  if (child == 0) {
    execl(self, self, what, nullptr);
    _exit(1);
  }
  wait_for(child);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    if (argv[1][0] == 'o') run_own_code();
    print_counter();
    return 0;
  }
  read_clock_often();
  print_counter();
  in_child(print_counter);
  in_child([] {
    read_clock_often();
    print_counter();
  });
  in_program("/proc/self/exe", "counter");
  in_program("/proc/self/exe", "own");
  in_child(run_own_code);
  print_counter();

  std::vector<std::string> lines(4);
  std::vector<std::thread> threads;
  for (std::string& line : lines) {
    threads.emplace_back([&line] {
      timespec now{};
      for (int i = 0; i < 1500; ++i) {
        OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
        if (i % 500 == 0) line += std::to_string(__rdtsc()) + " ";
      }
      line += std::to_string(now.tv_nsec);
    });
  }
  // Code comes while they run, which ends it for all of them.
  run_own_code();
  for (std::thread& thread : threads) thread.join();
  for (const std::string& line : lines) std::puts(line.c_str());
  print_counter();
}
