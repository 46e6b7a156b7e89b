/* The lines that turn `./tests --ttrace-until-fail=500` into a run of the supervisor. They run when
 * the C library is loaded but nothing else is: only raw system calls, no malloc, no stdio. */
#include "start.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h> /* defines __GLIBC__ where it applies */
#include <sys/syscall.h>

#include "raw_syscall.h"

/* Weak: a program that links ttrace::start alone names no framework. */
extern const char ttrace_framework_name[] __attribute__((weak));
/* Where the supervisor is, if the integration was built beside an installed one. */
extern const char ttrace_supervisor_path[] __attribute__((weak));

enum { kPathSize = 4096, kLineSize = 3 * kPathSize };

/* A zero-terminated string in storage of the caller's; what does not fit is cut and noted. */
struct text {
  char* data;
  size_t size;
  size_t length;
  int cut;
};

static void append(struct text* text, const char* piece, size_t length) {
  for (; length > 0 && *piece != '\0'; ++piece, --length) {
    if (text->length + 1 >= text->size) {
      text->cut = 1;
      break;
    }
    text->data[text->length++] = *piece;
  }
  text->data[text->length] = '\0';
}

static void append_all(struct text* text, const char* piece) { append(text, piece, (size_t)-1); }

static int begins_with(const char* text, const char* prefix) {
  while (*prefix != '\0' && *text == *prefix) {
    ++text;
    ++prefix;
  }
  return *prefix == '\0';
}

static int equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

/* The environment twins that begin a mode; the others only say how. */
static const char* const kModes[] = {"TTRACE_UNTIL_FAIL", "TTRACE_RECORD", "TTRACE_REPLAY"};

static int asked_by_environment(char** envp) {
  for (size_t i = 0; i < sizeof kModes / sizeof kModes[0]; ++i) {
    const char* value = ttrace_environment_value(envp, kModes[i]);
    if (value != NULL && !equal(value, "0")) return 1;
  }
  return 0;
}

static int has_argument(int argc, char** argv, const char* prefix) {
  for (int i = 1; i < argc && argv[i] != NULL && !equal(argv[i], "--"); ++i) {
    if (begins_with(argv[i], prefix)) return 1;
  }
  return 0;
}

static void __attribute__((noreturn)) give_up(struct text* line) {
  append_all(line, "\n");
  if (line->cut) line->data[line->length - 1] = '\n';
  ttrace_raw_syscall(SYS_write, 2, (long)line->data, (long)line->length);
  for (;;) ttrace_raw_syscall(SYS_exit_group, 2, 0, 0);
}

static void append_number(struct text* text, long number) {
  char digits[24];
  size_t at = sizeof digits - 1;
  digits[at] = '\0';
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0 && at > 0);
  append_all(text, digits + at);
}

/* Returns only if there is no such program. */
static void try_to_execute(const char* path, char** argv, char** envp) {
  const long error = -ttrace_raw_syscall(SYS_execve, (long)path, (long)argv, (long)envp);
  if (error == ENOENT || error == ENOTDIR || error == EACCES) return;
  char storage[kLineSize];
  struct text line = {storage, sizeof storage, 0, 0};
  append_all(&line, "ttrace: cannot execute the supervisor ");
  append_all(&line, path);
  append_all(&line, " (error ");
  append_number(&line, error);
  append_all(&line, "): install ttrace again or set TTRACE to its path");
  give_up(&line);
}

static void try_to_execute_from_path(char** argv, char** envp) {
  const char* directory = ttrace_environment_value(envp, "PATH");
  while (directory != NULL && *directory != '\0') {
    size_t length = 0;
    while (directory[length] != '\0' && directory[length] != ':') ++length;
    char storage[kPathSize];
    struct text path = {storage, sizeof storage, 0, 0};
    append(&path, directory, length);
    append_all(&path, "/ttrace");
    /* An empty entry would mean the working directory: nobody wants that program. */
    if (length > 0 && !path.cut) try_to_execute(storage, argv, envp);
    directory += length;
    if (*directory == ':') ++directory;
  }
}

/* The design's order: where it was built, TTRACE, PATH. */
static void __attribute__((noreturn)) execute_supervisor(char** argv, char** envp) {
  const char* const built =
      ttrace_supervisor_path != NULL ? ttrace_supervisor_path : TTRACE_SUPERVISOR_PATH;
  const char* const named = ttrace_environment_value(envp, "TTRACE");
  if (*built != '\0') try_to_execute(built, argv, envp);
  if (named != NULL) try_to_execute(named, argv, envp);
  try_to_execute_from_path(argv, envp);

  char storage[kLineSize];
  struct text line = {storage, sizeof storage, 0, 0};
  append_all(&line, "ttrace: cannot find the supervisor `ttrace` (looked at ");
  if (*built != '\0') {
    append_all(&line, built);
    append_all(&line, ", ");
  }
  append_all(&line, named != NULL ? "TTRACE=" : "TTRACE, which is not set,");
  if (named != NULL) append(&line, named, kPathSize);
  append_all(&line, " and in PATH): install ttrace or set TTRACE to its path");
  give_up(&line);
}

static int set_user_id(void) {
  return ttrace_raw_syscall(SYS_getuid, 0, 0, 0) != ttrace_raw_syscall(SYS_geteuid, 0, 0, 0) ||
         ttrace_raw_syscall(SYS_getgid, 0, 0, 0) != ttrace_raw_syscall(SYS_getegid, 0, 0, 0);
}

/* argv: `ttrace supervise --protocol=1 [--framework=NAME] -- ARGV0 ARGUMENTS...`; the environment
 * as it is, and TTRACE_EXECUTABLE, because argv[0] need not be a path. */
static void __attribute__((noreturn)) start(int argc, char** argv, char** envp) {
  char framework_storage[64];
  struct text framework = {framework_storage, sizeof framework_storage, 0, 0};
  char executable_storage[kPathSize];
  struct text executable = {executable_storage, sizeof executable_storage, 0, 0};

  char* arguments[argc + 6];
  int count = 0;
  arguments[count++] = (char*)"ttrace";
  arguments[count++] = (char*)"supervise";
  arguments[count++] = (char*)"--protocol=" TTRACE_START_PROTOCOL;
  if (ttrace_framework_name != NULL) {
    append_all(&framework, "--framework=");
    append_all(&framework, ttrace_framework_name);
    arguments[count++] = framework_storage;
  }
  arguments[count++] = (char*)"--";
  for (int i = 0; i < argc; ++i) arguments[count++] = argv[i];
  arguments[count] = NULL;

  int size = 0;
  while (envp[size] != NULL) ++size;
  char* environment[size + 2];
  count = 0;
  for (int i = 0; i < size; ++i) {
    if (!begins_with(envp[i], "TTRACE_EXECUTABLE=")) environment[count++] = envp[i];
  }
  append_all(&executable, "TTRACE_EXECUTABLE=");
  char* const target = executable_storage + executable.length;
  const long room = (long)(sizeof executable_storage - executable.length - 1);
  const long length = ttrace_raw_syscall(SYS_readlink, (long)"/proc/self/exe", (long)target, room);
  if (length > 0 && length < room) {
    target[length] = '\0';
    environment[count++] = executable_storage;
  }
  environment[count] = NULL;
  execute_supervisor(arguments, environment);
}

void ttrace_start_lines(int argc, char** argv, char** envp) {
  ttrace_remember_environment(envp);
  if (argc < 1 || argv == NULL || envp == NULL) return;
  if (!has_argument(argc, argv, "--ttrace-") && !asked_by_environment(envp)) return;
  if (ttrace_environment_value(envp, "TTRACE_SUPERVISED") != NULL) return;
  /* A threadsafe death test executes the original command again: it is part of a test. */
  if (has_argument(argc, argv, "--gtest_internal_run_death_test")) return;
  if (set_user_id()) {
    /* Whoever runs such a program must not choose, with its rights, what it executes. */
    char storage[128];
    struct text line = {storage, sizeof storage, 0, 0};
    append_all(&line, "ttrace: not started for a set-user-ID program: run a plain copy of it");
    give_up(&line);
  }
  start(argc, argv, envp);
}

#if defined(__GLIBC__) && !defined(TTRACE_START_BY_CONSTRUCTOR)
/* Only an executable may have this section, and its functions run before any initialiser of a
 * shared library, which may open files and start threads. */
__attribute__((section(".preinit_array"),
               used)) static void (*start_entry)(int, char**, char**) = ttrace_start_lines;
#else
#include <stdint.h>
#include <sys/auxv.h>

extern char** environ;

/* Here initialisers get no arguments. The kernel puts argc, argv, a null, envp, a null and the
 * auxiliary vector one after the other at the end of the stack, so argv is found from envp. */
__attribute__((constructor(101))) static void start_by_constructor(void) {
  const uintptr_t largest = 6u << 20; /* the kernel's limit for all of it */
  const uintptr_t end = (uintptr_t)getauxval(AT_EXECFN);
  if (environ == NULL || end - (uintptr_t)environ > largest) return; /* moved by a setenv */
  char** argv = environ - 1;
  int argc = 0;
  while ((intptr_t)argv[-1] != argc) {
    --argv;
    ++argc;
  }
  ttrace_start_lines(argc, argv, environ);
}
#endif
