// posix_spawn with file actions and attributes, posix_spawnp, and a spawn that fails.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

extern char** environ;

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);

  char shell[] = "sh", option[] = "-c", script[] = "echo spawned; exit 4";
  char* arguments[] = {shell, option, script, nullptr};
  pid_t child = 0;
  if (posix_spawnp(&child, "sh", &actions, &attributes, arguments, environ) != 0) return 1;
  close(ends[1]);
  std::string heard;
  char buffer[64];
  for (ssize_t size; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
    heard.append(buffer, static_cast<size_t>(size));
  }
  int status = 0;
  waitpid(child, &status, 0);
  const int missing =
      posix_spawn(&child, "/nonexistent/program", nullptr, nullptr, arguments, environ);
  std::printf("heard %sexit %d, missing %d\n", heard.c_str(), WEXITSTATUS(status), missing);
  return heard != "spawned\n" || WEXITSTATUS(status) != 4 || missing != ENOENT;
}
