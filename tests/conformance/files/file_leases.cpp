// Being told of what others do to files: a lease that another open breaks, dnotify, inotify's
// moves.
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

namespace {
volatile sig_atomic_t told = 0;
}

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { told = told + 1; };
  sigaction(SIGIO, &action, nullptr);
  std::string path;
  {
    Temporary file;
    path = file.path();
    const int reader = open(file.path(), O_RDONLY);
    close(file.fd());
    const int lease = fcntl(reader, F_SETLEASE, F_RDLCK);
    std::printf("lease %s\n", lease == 0 ? "taken" : strerrorname_np(errno));
    if (lease == 0) {
      const pid_t child = fork();
      if (child == 0) {
        const int fd = open(file.path(), O_WRONLY);  // waits until the lease is given back
        _exit(fd >= 0 ? 0 : 1);
      }
      while (told == 0) usleep(200);
      OBSERVE(fcntl(reader, F_SETLEASE, F_UNLCK) == 0);
      int status = 0;
      OBSERVE(waitpid(child, &status, 0) == child);
      std::printf("told %d, opened: %d\n", told > 0, status == 0);
    }
  }
  const std::string directory = path.substr(0, path.rfind('/'));
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  told = 0;
  if (fcntl(fd, F_NOTIFY, DN_CREATE | DN_DELETE) == 0) {
    const std::string made = path + ".made";
    close(open(made.c_str(), O_CREAT | O_WRONLY, 0600));
    while (told == 0) usleep(200);
    unlink(made.c_str());
    std::printf("dnotify\n");
  }
  const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  OBSERVE(inotify_add_watch(watch, directory.c_str(), IN_MOVE | IN_CREATE | IN_ONLYDIR) > 0);
  close(open((path + ".a").c_str(), O_CREAT | O_WRONLY, 0600));
  OBSERVE(rename((path + ".a").c_str(), (path + ".b").c_str()) == 0);
  unlink((path + ".b").c_str());
  alignas(inotify_event) char events[4096];
  const ssize_t n = read(watch, events, sizeof events);
  OBSERVE(n > 0);
  for (ssize_t at = 0; at < n;) {
    const auto* event = reinterpret_cast<const inotify_event*>(events + at);
    std::printf("%x %d\n", event->mask, event->cookie != 0);
    at += ssize_t(sizeof *event + event->len);
  }
}
