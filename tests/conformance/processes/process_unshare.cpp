// Descriptors and the working directory: of each process its own, of threads shared, unshared by
// unshare, shared again by clone.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {
std::string here() {
  char path[4096];
  return getcwd(path, sizeof path) ? path : "";
}
int closes(void* file) { return close(*static_cast<int*>(file)); }
}  // namespace

int main() {
  if (chdir("/") != 0) return 1;
  const int file = dup(1);
  std::string seen;
  std::thread([&] {
    if (chdir("/usr") != 0) _exit(1);
  }).join();
  const std::string shared = here();
  std::thread([&] {
    if (unshare(CLONE_FS | CLONE_FILES) != 0 || chdir("/etc") != 0) _exit(1);
    close(file);
    seen = here();
  }).join();
  std::printf("%s, the thread %s, main %s\n", shared.c_str(), seen.c_str(), here().c_str());
  const bool kept = fcntl(file, F_GETFD) == 0;
  std::vector<char> stack(65536);
  int argument = file;
  const pid_t child = clone(closes, stack.data() + stack.size(), CLONE_FILES | SIGCHLD, &argument);
  int status = 0;
  waitpid(child, &status, 0);
  const bool closed = fcntl(file, F_GETFD) == -1;
  std::printf("kept %d, closed by the clone %d\n", kept, closed);
  return shared != "/usr" || here() != "/usr" || seen != "/etc" || !kept || !closed;
}
