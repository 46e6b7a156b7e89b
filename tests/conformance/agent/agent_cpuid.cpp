// CPUID answered inside the process: the same answers as at a stop, registers and stack left alone,
// whoever asks and whatever comes in between.
#include <cpuid.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "often_interrupted.h"

// Of rsi, rdi, r8 to r13, in assembly by name.
extern "C" {
unsigned long agent_cpuid_before[8];
unsigned long agent_cpuid_after[8];
}

namespace {

struct Answer {
  unsigned a = 0, b = 0, c = 0, d = 0;
  bool operator==(const Answer&) const = default;
};

// The recorder leads the way to this one through a stub, from the mov of five bytes on.
Answer ask() {
  Answer answer;
  asm volatile(
      "xor %%ecx, %%ecx\n"
      "mov $7, %%eax\n"
      "cpuid\n"
      : "=a"(answer.a), "=b"(answer.b), "=c"(answer.c), "=d"(answer.d));
  return answer;
}

// Nobody sees the way to this one.
Answer ask_by_jump() {
  Answer answer;
  asm volatile(
      "lea 1f(%%rip), %%rdx\n"
      "xor %%ecx, %%ecx\n"
      "push $7\n"
      "pop %%rax\n"
      "jmp *%%rdx\n"
      "mov $0x80000000, %%eax\n"
      "1: cpuid\n"
      : "=a"(answer.a), "=b"(answer.b), "=c"(answer.c), "=d"(answer.d));
  return answer;
}

// Flags, all other registers, the red zone; upper halves become 0.
void keeps_the_rest() {
  for (unsigned long i = 0; i < 8; ++i) agent_cpuid_before[i] = 0x1111111111111111 * (i + 1);
  unsigned long rax = 0, rbx = ~0ul, rcx = 0, rdx = ~0ul, flags = 0, below = 0;
  asm volatile(
      "sub $128, %%rsp\n"
      "movq $42, -8(%%rsp)\n"
      "mov agent_cpuid_before+0(%%rip), %%rsi\n"
      "mov agent_cpuid_before+8(%%rip), %%rdi\n"
      "mov agent_cpuid_before+16(%%rip), %%r8\n"
      "mov agent_cpuid_before+24(%%rip), %%r9\n"
      "mov agent_cpuid_before+32(%%rip), %%r10\n"
      "mov agent_cpuid_before+40(%%rip), %%r11\n"
      "mov agent_cpuid_before+48(%%rip), %%r12\n"
      "mov agent_cpuid_before+56(%%rip), %%r13\n"
      "movabs $0x8000000000000000, %%rcx\n"
      "stc\n"
      "mov $7, %%eax\n"
      "cpuid\n"
      "mov -8(%%rsp), %%r14\n"
      "pushfq\n"
      "pop %%r15\n"
      "add $128, %%rsp\n"
      "mov %%rsi, agent_cpuid_after+0(%%rip)\n"
      "mov %%rdi, agent_cpuid_after+8(%%rip)\n"
      "mov %%r8, agent_cpuid_after+16(%%rip)\n"
      "mov %%r9, agent_cpuid_after+24(%%rip)\n"
      "mov %%r10, agent_cpuid_after+32(%%rip)\n"
      "mov %%r11, agent_cpuid_after+40(%%rip)\n"
      "mov %%r12, agent_cpuid_after+48(%%rip)\n"
      "mov %%r13, agent_cpuid_after+56(%%rip)\n"
      "mov %%r14, %%rsi\n"
      "mov %%r15, %%rdi\n"
      : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx), "=S"(below), "=D"(flags)
      :
      : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
  for (int i = 0; i < 8; ++i) OBSERVE(agent_cpuid_after[i] == agent_cpuid_before[i]);
  OBSERVE(below == 42);
  OBSERVE((flags & 1) == 1);
  OBSERVE((rax | rbx | rcx | rdx) >> 32 == 0);
  const Answer answer{unsigned(rax), unsigned(rbx), unsigned(rcx), unsigned(rdx)};
  OBSERVE(answer == ask());
}

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;
Answer expected;

void handler(int, siginfo_t*, void* context) {
  if (shows_agent(context)) strange = 1;
  if (!(ask() == expected)) strange = 1;
  seen = seen + 1;
}

void interrupted() {
  {
    const OftenInterrupted often(handler);
    while (seen < 20) OBSERVE(ask() == expected);
  }
  OBSERVE(strange == 0);
}

}  // namespace

int main(int argc, char**) {
  expected = ask();
  OBSERVE(ask_by_jump() == expected);
  OBSERVE(ask() == expected);
  keeps_the_rest();
  // More than the agent's records hold.
  for (int i = 0; i < 4000; ++i) OBSERVE(ask() == expected);
  for (unsigned leaf = 0; leaf < 300; ++leaf) {  // more than its table holds
    Answer first, second;
    __cpuid_count(0x80000000 + leaf % 32, leaf, first.a, first.b, first.c, first.d);
    __cpuid_count(0x80000000 + leaf % 32, leaf, second.a, second.b, second.c, second.d);
    OBSERVE(first == second);
  }
  interrupted();
  std::thread other([] {
    for (int i = 0; i < 200; ++i) OBSERVE(ask() == expected);
  });
  for (int i = 0; i < 200; ++i) OBSERVE(ask() == expected);
  other.join();
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 10; ++i) OBSERVE(ask() == expected);
    if (argc == 2) _exit(0);
    execl("/proc/self/exe", "agent_cpuid", "again", nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  std::printf("%x %x %x %x\n", expected.a, expected.b, expected.c, expected.d);
  return 0;
}
