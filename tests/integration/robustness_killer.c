/* Preloaded into a supervisor: ends it with SIGKILL when it makes its first call of the function
 * that ROBUSTNESS_KILL names, so that a moment is hit that no clock would find. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
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

/* "fork": the parent dies before the child has done anything. */
static int dies_at_fork(void) {
  const char* chosen = getenv("ROBUSTNESS_KILL");
  return chosen != NULL && strcmp(chosen, "fork") == 0;
}

pid_t fork(void) {
  const int now = dies_at_fork();
  const pid_t child = ((pid_t(*)(void))dlsym(RTLD_NEXT, "fork"))();
  if (child > 0 && now) kill(getpid(), SIGKILL);
  if (child == 0 && now) usleep(200000);
  return child;
}

/* A child that may share the parent's memory. */
struct beginning {
  int (*function)(void*);
  void* argument;
};

static int begin_late(void* raw) {
  const struct beginning* beginning = raw;
  usleep(200000);
  return beginning->function(beginning->argument);
}

int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) {
  int (*const next)(int (*)(void*), void*, int, void*, ...) =
      (int (*)(int (*)(void*), void*, int, void*, ...))dlsym(RTLD_NEXT, "clone");
  if (!dies_at_fork()) return next(function, stack, flags, argument);
  static struct beginning beginning;
  beginning.function = function;
  beginning.argument = argument;
  const int child = next(begin_late, stack, flags, &beginning);
  if (child > 0) kill(getpid(), SIGKILL);
  return child;
}
