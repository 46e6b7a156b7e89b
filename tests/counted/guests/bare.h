// A C program without a C library: few instructions, so that a counter which steps is quick.
// A guest defines `int run(void)`, whose result is the exit status.
#pragma once

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/sched.h>
#include <linux/time.h>

static inline long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}

static inline void print_number(unsigned long n) {
  char text[24];
  int at = sizeof text;
  text[--at] = '\n';
  do {
    text[--at] = (char)('0' + n % 10);
    n /= 10;
  } while (n != 0);
  call(__NR_write, 1, (long)(text + at), (long)sizeof text - at, 0);
}

static long stacks[2][2048] __attribute__((aligned(16)));

// Runs body() on a stack of its own, number 0 or 1; the thread ends with it.
static inline void start_thread(int number, void (*body)(void)) {
  long* top = stacks[number] + 2048;
  *--top = 0;
  *--top = (long)body;
  const long flags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  long result;
  register long r10 __asm__("r10") = 0;
  register long r8 __asm__("r8") = 0;
  __asm__ volatile(
      "syscall\n"
      "test %%rax, %%rax\n"
      "jnz 1f\n"
      "pop %%rax\n"
      "call *%%rax\n"
      "xor %%edi, %%edi\n"
      "mov %[exit], %%eax\n"
      "syscall\n"
      "1:\n"
      : "=a"(result)
      : "a"(__NR_clone), "D"(flags), "S"(top), "d"(0), "r"(r10), "r"(r8), [exit] "i"(__NR_exit)
      : "rcx", "r11", "memory");
}

__attribute__((naked)) static void return_from_signal(void) {
  __asm__("mov %0, %%eax\nsyscall\n" ::"i"(__NR_rt_sigreturn));
}

static inline void on_signal(int number, void (*handler)(int)) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTORER;
  action.sa_restorer = return_from_signal;
  call(__NR_rt_sigaction, number, (long)&action, 0, sizeof(sigset_t));
}

// One SIGALRM after so many microseconds. (Where each instruction takes some, a timer that repeats
// leaves no time but for its handler.)
static inline void start_timer(long microseconds) {
  const long value[4] = {0, 0, 0, microseconds};
  call(__NR_setitimer, 0, (long)value, 0, 0);
}

int run(void);
__attribute__((naked, used)) void _start(void) {
  __asm__(
      "and $-16, %%rsp\n"
      "call run\n"
      "mov %%eax, %%edi\n"
      "mov %0, %%eax\n"
      "syscall\n" ::"i"(__NR_exit_group));
}
