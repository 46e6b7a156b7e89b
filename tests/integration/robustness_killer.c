/* Preloaded into a supervisor: ends it with SIGKILL when it makes its first call of the function
 * that ROBUSTNESS_KILL names, so that a moment is hit that no clock would find. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <unistd.h>

static void strike(const char* name) {
  const char* chosen = getenv("ROBUSTNESS_KILL");
  if (chosen != NULL && strcmp(chosen, name) == 0) kill(getpid(), SIGKILL);
}

long ptrace(enum __ptrace_request request, ...) {
  va_list list;
  va_start(list, request);
  const pid_t pid = va_arg(list, pid_t);
  void* const address = va_arg(list, void*);
  void* const data = va_arg(list, void*);
  va_end(list);
  if (request == PTRACE_SEIZE) strike("seize");
  long (*const next)(enum __ptrace_request, ...) =
      (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
  return next(request, pid, address, data);
}

int fsync(int fd) {
  strike("fsync");
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  strike("renameat");
  return ((int (*)(int, const char*, int, const char*))dlsym(RTLD_NEXT, "renameat"))(
      from_directory, from, to_directory, to);
}

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  strike("linkat");
  return ((int (*)(int, const char*, int, const char*, int))dlsym(RTLD_NEXT, "linkat"))(
      from_directory, from, to_directory, to, flags);
}

/* The parent dies before the child has done anything. */
pid_t fork(void) {
  const char* chosen = getenv("ROBUSTNESS_KILL");
  const int now = chosen != NULL && strcmp(chosen, "fork") == 0;
  const pid_t child = ((pid_t(*)(void))dlsym(RTLD_NEXT, "fork"))();
  if (child > 0 && now) kill(getpid(), SIGKILL);
  if (child == 0 && now) usleep(200000);
  return child;
}
