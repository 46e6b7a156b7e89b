#ifndef TTRACE_TESTS_PROGRAMS_OBSERVE_H_
#define TTRACE_TESTS_PROGRAMS_OBSERVE_H_

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/// A guest's expectation: the program says which one failed, and ends with 1.
#define OBSERVE(condition)                                                            \
  do {                                                                                \
    if (!(condition)) {                                                               \
      int observed_errno = errno;                                                     \
      std::printf("%s:%d: expected %s (errno: %s)\n", __FILE__, __LINE__, #condition, \
                  std::strerror(observed_errno));                                     \
      std::fflush(nullptr);                                                           \
      std::_Exit(1);                                                                  \
    }                                                                                 \
  } while (false)

#endif  // TTRACE_TESTS_PROGRAMS_OBSERVE_H_
