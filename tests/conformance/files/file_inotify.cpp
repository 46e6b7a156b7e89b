// inotify reports what a child does to a directory.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

int main() {
  const char* parent = getenv("TMPDIR");
  std::string directory = std::string(parent ? parent : "/tmp") + "/guest-XXXXXX";
  OBSERVE(mkdtemp(directory.data()));
  int watch = inotify_init1(IN_CLOEXEC);
  OBSERVE(watch >= 0);
  OBSERVE(inotify_add_watch(watch, directory.c_str(), IN_CREATE | IN_DELETE | IN_MOVE) >= 0);
  std::string from = directory + "/from", to = directory + "/to";
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    int fd = open(from.c_str(), O_CREAT | O_WRONLY, 0600);
    _exit(fd >= 0 && rename(from.c_str(), to.c_str()) == 0 && unlink(to.c_str()) == 0 ? 0 : 1);
  }
  int events = 0;
  while (events < 4) {
    alignas(inotify_event) char buffer[4096];
    ssize_t size = read(watch, buffer, sizeof buffer);
    OBSERVE(size > 0);
    for (ssize_t at = 0; at < size; ++events) {
      auto* event = reinterpret_cast<inotify_event*>(buffer + at);
      std::printf("%x %u %s\n", event->mask, event->cookie, event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  OBSERVE(rmdir(directory.c_str()) == 0);
}
