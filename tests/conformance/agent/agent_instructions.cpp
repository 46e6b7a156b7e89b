// RDRAND, RDSEED, RDTSC and RDTSCP executed inside the process: registers, flags and stack as the
// instruction leaves them, whoever executes it and whatever comes in between.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include <thread>

#include "often_interrupted.h"

namespace {

// The recorder leads the way to these through stubs, from the mov of five bytes on.

unsigned long draw() {
  unsigned long value = 0;
  unsigned char drawn = 0;
  asm volatile("mov $7, %%ecx\nrdrand %0\nsetc %1" : "=r"(value), "=r"(drawn) : : "rcx", "cc");
  OBSERVE(drawn);
  return value;
}

unsigned long seed() {
  unsigned long value = 0;
  unsigned char drawn = 0;
  // Of those of the CPU's own there may be none for a while.
  do {
    asm volatile("mov $7, %%ecx\nrdseed %0\nsetc %1" : "=r"(value), "=r"(drawn) : : "rcx", "cc");
  } while (!drawn);
  return value;
}

unsigned long counter() {
  unsigned long low = 0, high = 0;
  asm volatile("mov $7, %%eax\nrdtsc" : "=a"(low), "=d"(high));
  return high << 32 | low;
}

unsigned long counter_with_processor() {
  unsigned long low = 0, high = 0, processor = ~0ul;
  asm volatile("mov $7, %%eax\nrdtscp" : "=a"(low), "=d"(high), "=c"(processor));
  OBSERVE(processor < 1ul << 32);
  return high << 32 | low;
}

unsigned long mixed = 0;
void mix(unsigned long value) { mixed = mixed * 31 + value; }

void every_one() {
  mix(draw());
  mix(seed());
  const unsigned long first = counter(), second = counter_with_processor(), third = counter();
  OBSERVE(first <= second && second <= third);
  mix(first);
  mix(third);
}

/// `name`: before it, one of eight registers and the red zone; then all of them.
#define KEEPS(name, changed)                                                                 \
  do {                                                                                       \
    unsigned long before[8] = {1, 2, 3, 4, 5, 6, 7, 8}, after[8] = {}, flags = 0, below = 0; \
    asm volatile(                                                                            \
        "sub $128, %%rsp\n"                                                                  \
        "movq $42, -8(%%rsp)\n"                                                              \
        "mov 0(%2), %%rax\nmov 8(%2), %%rcx\nmov 16(%2), %%rdx\nmov 24(%2), %%rsi\n"         \
        "mov 32(%2), %%rdi\nmov 40(%2), %%r8\nmov 48(%2), %%r9\nmov 56(%2), %%r10\n"         \
        "stc\n"                                                                              \
        "mov $5, %%r11d\n" name                                                              \
        "\n"                                                                                 \
        "mov %%rax, 0(%3)\nmov %%rcx, 8(%3)\nmov %%rdx, 16(%3)\nmov %%rsi, 24(%3)\n"         \
        "mov %%rdi, 32(%3)\nmov %%r8, 40(%3)\nmov %%r9, 48(%3)\nmov %%r10, 56(%3)\n"         \
        "mov -8(%%rsp), %1\n"                                                                \
        "pushfq\npop %0\n"                                                                   \
        "add $128, %%rsp\n"                                                                  \
        : "=&b"(flags), "=&r"(below)                                                         \
        : "r"(before), "r"(after)                                                            \
        : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");      \
    OBSERVE(below == 42 && (flags & 1) == 1);                                                \
    for (unsigned i = 0; i < 8; ++i) OBSERVE((changed) >> i & 1 || after[i] == before[i]);   \
    mix(after[0]);                                                                           \
  } while (false)

void keeps_the_rest() {
  KEEPS("rdrand %%rax", 1u);
  KEEPS("rdrand %%cx", 2u);
  KEEPS("rdrand %%ecx", 2u);
  KEEPS("rdrand %%r10", 128u);
  KEEPS("rdtsc", 5u);
  KEEPS("rdtscp", 7u);
}

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;

void handler(int, siginfo_t*, void* context) {
  if (shows_agent(context)) strange = 1;
  every_one();
  seen = seen + 1;
}

void interrupted() {
  {
    const OftenInterrupted often(handler);
    while (seen < 20) OBSERVE(draw() != 0 && counter() != 0);
  }
  OBSERVE(strange == 0);
}

}  // namespace

int main() {
  every_one();
  keeps_the_rest();
  // So often that the counter does not trap any more, and more than the agent's records hold.
  for (int i = 0; i < 3000; ++i) every_one();
  keeps_the_rest();
  interrupted();
  std::thread other([] {
    for (int i = 0; i < 200; ++i) OBSERVE(draw() != 0 && counter() != 0);
  });
  for (int i = 0; i < 200; ++i) every_one();
  other.join();
  const pid_t child = fork();
  for (int i = 0; i < 10; ++i) every_one();
  std::printf("%lx\n", mixed);
  if (child == 0) return 0;
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
}
