/* System calls without the C library: no errno, no interceptor of a sanitizer, no cancellation. */
#ifndef TTRACE_RAW_SYSCALL_H
#define TTRACE_RAW_SYSCALL_H

/* Returns the result or a negative error number. */
#if defined(__x86_64__) && !defined(__ILP32__)

static inline long ttrace_raw_syscall(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

#else /* No recorder exists for this machine: only errors are ever reported through these. */

#include <errno.h>
#include <unistd.h>

long syscall(long number, ...);

static inline long ttrace_raw_syscall(long number, long a, long b, long c) {
  const int saved = errno;
  long result = syscall(number, a, b, c);
  if (result == -1) result = -errno;
  errno = saved;
  return result;
}

#endif

#endif /* TTRACE_RAW_SYSCALL_H */
