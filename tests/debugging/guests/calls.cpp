// What a debugger calls and changes while it looks at a recording.
#include <cpuid.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int counter = 10;
int untouched = 3;
std::mutex held;

struct Account {
  int balance = 5;
  std::vector<int> history{1, 2};

  __attribute__((noinline, used)) int deposit(int amount) {
    balance += amount;
    history.push_back(amount);
    return balance;
  }
  __attribute__((noinline, used)) std::size_t entries() const { return history.size(); }
};

extern "C" {
__attribute__((noinline, used)) int twice(int x) { return 2 * x; }

__attribute__((noinline, used)) double half(double x) { return x / 2; }

__attribute__((noinline, used)) int bump(int by) {
  counter += by;  // inside bump
  return counter;
}

__attribute__((noinline, used)) int say(const char* text) {
  std::printf("said %s\n", text);
  std::fflush(stdout);
  return int(std::strlen(text));
}

__attribute__((noinline, used)) long allocate(long size) {
  char* memory = static_cast<char*>(std::malloc(std::size_t(size)));
  if (!memory) return -1;
  std::memset(memory, 1, std::size_t(size));
  long sum = 0;
  for (long i = 0; i < size; ++i) sum += memory[i];  // loop
  std::free(memory);
  return sum;
}

__attribute__((noinline, used)) int process() { return int(getpid()); }

__attribute__((noinline, used)) int forks() { return fork() < 0 ? errno : 0; }

__attribute__((noinline, used)) int waits() {
  held.lock();
  return 1;
}

__attribute__((noinline, used)) int crashes() { return *static_cast<volatile int*>(nullptr); }

__attribute__((noinline, used)) int ends() { std::exit(9); }

__attribute__((noinline, used)) int aborts() { std::abort(); }

__attribute__((noinline, used)) unsigned random_bits() {
  unsigned value = 0;
  unsigned char done = 0;
  unsigned a = 0, b = 0, c = 0, d = 0;
  // With room for a jump before it, which leads to the agent.
  asm volatile("mov $1, %%eax; cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d));
  if ((c & bit_RDRND) != 0) {
    asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(done));
  }
  return done;
}

__attribute__((noinline, used)) unsigned ticks_pass() {
  const unsigned long before = __builtin_ia32_rdtsc();
  return __builtin_ia32_rdtsc() >= before;
}
}

__attribute__((noinline)) void point() { asm volatile("" ::: "memory"); }

int main() {
  Account account;
  std::string name = "ada";
  held.lock();
  account.deposit(3);
  errno = 11;
  point();  // ready
  std::thread worker([&] {
    int own = 40;
    point();  // in the worker
    own += twice(1);
    counter += own;
  });
  worker.join();
  bump(1);
  account.deposit(4);
  std::printf("%d %d %s %d\n", counter, account.balance, name.c_str(), say("x"));
  std::printf("%g %ld %d\n", half(3), allocate(1000), process() > 0);
  std::printf("%u %u\n", random_bits() + 1 > 0, ticks_pass());
  point();  // last
  held.unlock();
  return 0;
}
