// What LeakSanitizer's tracer does, and what the kernel answers to it: a process that shares the
// memory of another attaches to its threads, reads their registers, and lets them go.
#include <elf.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "observe.h"

static std::atomic<int> threads[2];
static std::atomic<long> turns;
static std::atomic<bool> stop, done;
static sem_t never;

/// The library function would keep errno, and one word, in the memory of the thread that is traced.
static long request(long what, pid_t tid, unsigned long address = 0, void* data = nullptr) {
  long result;
  register void* fourth asm("r10") = data;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(SYS_ptrace), "D"(what), "S"(long(tid)), "d"(address), "r"(fourth)
               : "rcx", "r11", "memory");
  return result;
}

static long wait_for(pid_t tid, int* status, long options) {
  long result;
  register long fourth asm("r10") = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(SYS_wait4), "D"(long(tid)), "S"(status), "d"(options), "r"(fourth)
               : "rcx", "r11", "memory");
  return result;
}

static void look_at(pid_t tid) {
  int status = 0;
  OBSERVE(request(PTRACE_ATTACH, tid) == 0);
  OBSERVE(request(PTRACE_ATTACH, tid) == -EPERM);
  OBSERVE(wait_for(tid, &status, __WALL) == tid);
  OBSERVE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  OBSERVE(wait_for(tid, &status, __WALL | WNOHANG) == 0);

  user_regs_struct regs = {}, same = {};
  OBSERVE(request(PTRACE_GETREGS, tid, 0, &regs) == 0);
  iovec io = {&same, sizeof same};
  OBSERVE(request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) == 0);
  OBSERVE(io.iov_len == sizeof same);
  OBSERVE(std::memcmp(&regs, &same, sizeof regs) == 0);
  io.iov_len = 64;
  OBSERVE(request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) == 0);
  OBSERVE(io.iov_len == 64);
  io.iov_len = 63;
  OBSERVE(request(PTRACE_GETREGSET, tid, NT_PRSTATUS, &io) == -EINVAL);

  alignas(64) static char state[16384];
  io = {state, sizeof state};
  OBSERVE(request(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &io) == 0);
  OBSERVE(io.iov_len >= 576);
  char legacy[512];
  io = {legacy, sizeof legacy};
  OBSERVE(request(PTRACE_GETREGSET, tid, NT_FPREGSET, &io) == 0);
  OBSERVE(io.iov_len == 512);
  OBSERVE(std::memcmp(legacy + 160, state + 160, 256) == 0);  // xmm0 to xmm15

  unsigned long word = 0;
  static unsigned long known = 0x1234567812345678;
  OBSERVE(request(PTRACE_PEEKDATA, tid, reinterpret_cast<unsigned long>(&known), &word) == 0);
  OBSERVE(word == known);
  OBSERVE(request(PTRACE_PEEKDATA, tid, 8, &word) == -EIO);
}

static int tracer(void* parent) {
  const pid_t process = pid_t(reinterpret_cast<long>(parent));
  OBSERVE(request(PTRACE_ATTACH, 0) == -ESRCH);
  OBSERVE(request(PTRACE_ATTACH, pid_t(syscall(SYS_gettid))) == -EPERM);
  OBSERVE(request(PTRACE_GETREGS, process) == -ESRCH);
  OBSERVE(request(PTRACE_DETACH, process) == -ESRCH);
  for (int round = 0; round < 2; ++round) {
    look_at(process);
    for (const auto& tid : threads) look_at(tid);
    // They stand still.
    const long before = turns;
    for (int i = 0; i < 100; ++i) sched_yield();
    OBSERVE(turns == before);
    OBSERVE(request(PTRACE_DETACH, process) == 0);
    for (const auto& tid : threads) OBSERVE(request(PTRACE_DETACH, tid) == 0);
    OBSERVE(request(PTRACE_DETACH, process) == -ESRCH);
    while (turns == before) sched_yield();
  }
  look_at(threads[0]);  // let go by our end
  done = true;
  return 7;
}

int main() {
  sem_init(&never, 0, 0);
  std::thread loop([] {
    threads[0] = gettid();
    while (!stop) ++turns;
  });
  std::thread sleeper([] {
    threads[1] = gettid();
    OBSERVE(sem_wait(&never) == 0);
  });
  while (threads[0] == 0 || threads[1] == 0) sched_yield();

  alignas(16) static char stack[65536];
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED;
  const pid_t child =
      clone(tracer, stack + sizeof stack, flags, reinterpret_cast<void*>(long(getpid())));
  OBSERVE(child > 0);
  while (!done) sched_yield();
  int status = 0;
  OBSERVE(waitpid(child, &status, __WALL) == child);
  OBSERVE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  const long before = turns;
  while (turns == before) sched_yield();
  stop = true;
  loop.join();
  sem_post(&never);
  sleeper.join();
  std::puts("done");
}
