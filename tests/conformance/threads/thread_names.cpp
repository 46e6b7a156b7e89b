// Names of threads: set and read by pthread calls, prctl and /proc.
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

namespace {
std::string comm_of(pid_t tid) {
  char text[32] = {};
  const std::string path = "/proc/self/task/" + std::to_string(tid) + "/comm";
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    if (!std::fgets(text, sizeof text, file)) text[0] = 0;
    std::fclose(file);
  }
  text[std::strcspn(text, "\n")] = 0;
  return text;
}
}  // namespace

int main() {
  bool right = true;
  prctl(PR_SET_NAME, "first");
  std::thread worker([&] {
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    std::printf("inherited %s\n", name);
    right = right && std::strcmp(name, "first") == 0;
    pthread_setname_np(pthread_self(), "worker");
    prctl(PR_GET_NAME, name);
    std::printf("now %s, in /proc %s\n", name, comm_of(gettid()).c_str());
    right = right && comm_of(gettid()) == "worker";
  });
  worker.join();
  std::printf("main is %s\n", comm_of(getpid()).c_str());
  return !right || comm_of(getpid()) != "first";
}
