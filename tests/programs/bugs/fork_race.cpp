// A process forks while another of its threads holds a lock: in the child nobody will release it.
#include <sys/wait.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bug.h"

namespace {

std::mutex mutex;
std::vector<std::string> lines;

void log(const char* text) {
  const std::lock_guard lock(mutex);
  lines.push_back(text);
}

}  // namespace

int main() {
  std::thread logger([] {
    for (int i = 0; i < 5; ++i) log("a line that is too long for the small buffer of a string");
  });
  const pid_t child = fork();
  if (child == 0) {
    const bool free = mutex.try_lock();
    _exit(free ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  logger.join();
  if (status != 0) bug_shows("the child inherited a locked lock");
}
