// What the kernel writes to memory that a process leaves by execve: the word that
// CLONE_CHILD_CLEARTID names, and the robust mutex that it holds.
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "observe.h"

namespace {

alignas(16) char stack[65536];
int word = 77;

struct Shared {
  pthread_mutex_t mutex;
  volatile int is_locked;
};

int execute(void*) {
  execl("/bin/no/such", "such", nullptr);
  execl("/bin/true", "true", nullptr);
  _exit(9);
}

void clear_tid() {
  const pid_t pid =
      clone(execute, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD,
            nullptr, nullptr, nullptr, &word);
  OBSERVE(pid > 0);
  std::printf("word %d\n", word);
  OBSERVE(word == 0);
  OBSERVE(waitpid(pid, nullptr, 0) == pid);
}

/// How the child ends that holds the lock.
enum class End { execute, exit, kill_itself, be_killed };

void robust_mutex(Shared& shared, End end) {
  shared.is_locked = 0;
  const pid_t pid = fork();
  OBSERVE(pid >= 0);
  if (pid == 0) {
    if (pthread_mutex_lock(&shared.mutex) != 0) _exit(8);
    shared.is_locked = 1;
    if (end == End::execute) execute(nullptr);
    if (end == End::exit) _exit(0);
    if (end == End::kill_itself) kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  while (!shared.is_locked) sched_yield();
  if (end == End::be_killed) {
    usleep(1000);  // killed before it sleeps, it could be refused
    OBSERVE(kill(pid, SIGKILL) == 0);
  }
  OBSERVE(pthread_mutex_lock(&shared.mutex) == EOWNERDEAD);
  OBSERVE(pthread_mutex_consistent(&shared.mutex) == 0);
  OBSERVE(pthread_mutex_unlock(&shared.mutex) == 0);
  int status = 0;
  OBSERVE(waitpid(pid, &status, 0) == pid);
  std::printf("status %x\n", unsigned(status));
}

}  // namespace

int main() {
  clear_tid();
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  OBSERVE(memory != MAP_FAILED);
  Shared& shared = *static_cast<Shared*>(memory);
  pthread_mutexattr_t attributes;
  OBSERVE(pthread_mutexattr_init(&attributes) == 0);
  OBSERVE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  OBSERVE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  OBSERVE(pthread_mutex_init(&shared.mutex, &attributes) == 0);
  for (const End end : {End::execute, End::exit, End::kill_itself, End::be_killed}) {
    robust_mutex(shared, end);
  }
  return 0;
}
