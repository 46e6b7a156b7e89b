// What /proc says of the program, read in every way that programs read it: whole, in pieces, with
// lseek, from a thread, of a child, by openat from a directory, by readdir.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "observe.h"

namespace {
std::string whole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
}  // namespace

int main() {
  for (const char* name :
       {"stat",    "statm",   "status",        "maps",      "smaps",     "limits",    "io",
        "cmdline", "environ", "auxv",          "mountinfo", "cgroup",    "oom_score", "wchan",
        "comm",    "syscall", "timerslack_ns", "fdinfo/1",  "task/self", "net/dev"}) {
    const std::string text = whole(std::string("/proc/self/") + name);
    std::printf("%s: %zu %zx\n", name, text.size(), std::hash<std::string>()(text));
  }
  for (const char* path :
       {"/proc/stat", "/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/proc/cpuinfo",
        "/proc/sys/kernel/random/uuid", "/sys/devices/system/cpu/online", "/proc/interrupts"}) {
    const std::string text = whole(path);
    std::printf("%s: %zu %zx\n", path, text.size(), std::hash<std::string>()(text));
  }
  std::thread([] {
    const std::string text = whole("/proc/thread-self/stat");
    std::printf("thread: %d\n", text.rfind(std::to_string(gettid()) + " ", 0) == 0);
  }).join();
  DIR* directory = opendir("/proc/self/fd");
  OBSERVE(directory != nullptr);
  int count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] != '.';
  std::printf("descriptors: %d\n", count);
  char part[10] = {};
  const int fd = openat(dirfd(directory), "../comm", O_RDONLY);
  OBSERVE(fd >= 0 && read(fd, part, 4) == 4 && lseek(fd, 1, SEEK_SET) == 1 &&
          read(fd, part, 3) == 3);
  std::printf("%s\n", part);
  closedir(directory);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  std::string state;
  while (state != "S") {
    const std::string text = whole("/proc/" + std::to_string(child) + "/stat");
    state = text.substr(text.rfind(')') + 2, 1);
  }
  std::printf("the child sleeps\n");
  kill(child, SIGKILL);
  OBSERVE(waitpid(child, nullptr, 0) == child);
}
