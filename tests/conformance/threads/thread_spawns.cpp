// Threads that make processes in every way while others compute under a lock that pthread_atfork
// handlers take.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "observe.h"

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<bool> stop;
int prepared;
int in_parent;
int in_child;

void compute() {
  for (long turns = 1; !stop; ++turns) {
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    if (turns % 7 == 0) sched_yield();
  }
}

void expect(pid_t pid, int status) {
  int found = -1;
  OBSERVE(waitpid(pid, &found, 0) == pid && found == status);
}

void make_processes() {
  posix_spawn_file_actions_t actions;
  OBSERVE(posix_spawn_file_actions_init(&actions) == 0);
  OBSERVE(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0);
  posix_spawnattr_t attributes;
  sigset_t mask;
  sigemptyset(&mask);
  OBSERVE(posix_spawnattr_init(&attributes) == 0);
  OBSERVE(posix_spawnattr_setsigmask(&attributes, &mask) == 0);
  OBSERVE(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) ==
          0);
  char name[] = "echo";
  char* arguments[] = {name, nullptr};
  pid_t pid = -1;
  OBSERVE(posix_spawn(&pid, "/bin/echo", &actions, &attributes, arguments, environ) == 0);
  expect(pid, 0);
  pid = fork();
  if (pid == 0) _exit(in_child);
  expect(pid, 1 << 8);
  FILE* pipe = popen("echo through a pipe", "r");
  char text[64];
  OBSERVE(pipe && std::fgets(text, sizeof text, pipe));
  OBSERVE(pclose(pipe) == 0);
}

}  // namespace

int main() {
  const auto lock = [] {
    pthread_mutex_lock(&mutex);
    ++prepared;
  };
  const auto unlock = [] {
    ++in_parent;
    pthread_mutex_unlock(&mutex);
  };
  const auto unlock_in_child = [] {
    ++in_child;
    pthread_mutex_unlock(&mutex);
  };
  OBSERVE(pthread_atfork(lock, unlock, unlock_in_child) == 0);
  std::thread computing(compute);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) threads.emplace_back(make_processes);
  }
  stop = true;
  computing.join();
  std::printf("%d %d %d\n", prepared, in_parent, in_child);
  return 0;
}
