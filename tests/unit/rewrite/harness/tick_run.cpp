// Runs a program with tick plans mapped over it and answers due stops.
//   tick_run [-n MOST] [-s SEED] [-r] PROGRAM ARGS...
// -n: stops after 1..MOST ticks, again and again; each time flags that are dead by the plan's proof
//     are scrambled. Without it nothing is due. -r: goes on at `resume`, else at a random one of
//     `target` and `resume`. -q: prints nothing. Prints the ticks of the first process at its end.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/personality.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "harness.h"
#include "rewrite/tick_counter.h"
#include "rewrite/tick_plan.h"

using namespace ttrace;

namespace {

constexpr std::uint64_t kIdle = std::uint64_t(1) << 62;

struct Process {
  std::uint64_t count = 0;
  std::vector<SharedObject> objects;
  std::uint64_t armed = kIdle;
  std::uint64_t done = 0;
  bool started = false;
};

std::map<pid_t, Process> processes;
std::map<std::string, std::unique_ptr<TickPlan>> plans;
std::mt19937_64 randomness;
std::uint64_t most = 0, stops = 0, moved = 0, indirect = 0;
bool only_resume = false, quiet = false;

bool read(pid_t pid, std::uint64_t at, void* to, std::size_t size) {
  iovec local{to, size}, remote{reinterpret_cast<void*>(at), size};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0) == ssize_t(size);
}
void poke(pid_t pid, std::uint64_t at, std::uint64_t value) {
  ptrace(PTRACE_POKEDATA, pid, at, value);
}

void arm(pid_t pid, Process& p) {
  p.armed = most ? 1 + randomness() % most : kIdle;
  poke(pid, kTickCounterAddress, p.armed);
}

const SharedObject* object_at(pid_t pid, Process& p, std::uint64_t at) {
  std::uint64_t count = 0;
  if (!read(pid, kSharedAddress + 8, &count, 8) || count > kMostObjects) return nullptr;
  if (count != p.objects.size()) {
    p.objects.resize(count);
    read(pid, kSharedAddress + offsetof(Shared, objects), p.objects.data(),
         count * sizeof(SharedObject));
  }
  for (const auto& object : p.objects)
    if (at >= object.begin && at < object.end) return &object;
  return nullptr;
}

const TickPlan& plan_of(const SharedObject& object) {
  auto& plan = plans[object.path];
  if (!plan) plan = std::make_unique<TickPlan>(TickPlan::open(Fd(::open(object.path, O_RDONLY))));
  return *plan;
}

/// True if it was ours.
bool handle_due(pid_t pid) {
  user_regs_struct regs;
  ptrace(PTRACE_GETREGS, pid, 0, &regs);
  Process& p = processes[pid];
  const SharedObject* object = object_at(pid, p, regs.rip - 1);
  if (!object) return false;
  const TickPlan& plan = plan_of(*object);
  const StoppedThread thread{
      regs, object->bias, [&](std::uint64_t at, std::uint64_t& v) { return read(pid, at, &v, 8); }};
  const auto due = plan.due(regs.rip - 1 - object->bias, thread);
  if (!due) return false;
  ++stops;
  unsigned char before[4] = {};
  read(pid, regs.rip - 9, before, 4);
  const bool live =
      before[0] == 0x48 && before[1] == 0x8b && before[2] == 0x0c && before[3] == 0x25;
  if (!live) regs.eflags ^= randomness() & 0x8d4;  // OF SF ZF AF PF
  if (due->target == due->resume) ++indirect;
  const bool go_to_target = !only_resume && (randomness() & 1);
  if (due->target != due->resume && go_to_target) ++moved;
  regs.rip = go_to_target ? due->target : due->resume;
  ptrace(PTRACE_SETREGS, pid, 0, &regs);
  p.done += p.armed;
  arm(pid, p);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int option;
  std::uint64_t seed = 1;
  while ((option = getopt(argc, argv, "+n:s:rq")) != -1) {
    if (option == 'n') most = std::strtoull(optarg, nullptr, 0);
    if (option == 's') seed = std::strtoull(optarg, nullptr, 0);
    if (option == 'r') only_resume = true;
    if (option == 'q') quiet = true;
  }
  randomness.seed(seed);
  const pid_t first = fork();
  if (first == 0) {
    personality(ADDR_NO_RANDOMIZE);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    setenv("TICK_RUN", "1", 1);
    execvp(argv[optind], argv + optind);
    std::perror("execvp");
    _exit(127);
  }
  int status;
  waitpid(first, &status, 0);
  ptrace(PTRACE_SETOPTIONS, first, 0,
         PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
             PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  ptrace(PTRACE_CONT, first, 0, 0);
  int result = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0) break;
    if (!WIFSTOPPED(status)) {
      if (pid == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      processes.erase(pid);
      continue;
    }
    int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) processes[pid] = {};
    if (event == PTRACE_EVENT_EXIT && pid == first && !quiet) {
      std::uint64_t counter = 0;
      Process& p = processes[pid];
      if (read(pid, kTickCounterAddress, &counter, 8))
        std::fprintf(stderr, "ticks %lu (%lu stops, %lu with a copy left)\n",
                     p.done + p.armed - counter, stops, moved);
    }
    if (event != 0) {
      signal = 0;
    } else if (signal == SIGTRAP) {
      Process& p = processes[pid];
      siginfo_t info{};
      ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
      if (handle_due(pid)) {
        signal = 0;
      } else if (!p.started) {  // tick_preload's own, once its plans are mapped
        user_regs_struct regs;
        ptrace(PTRACE_GETREGS, pid, 0, &regs);
        p.started = true;
        std::uint64_t counter = 0;
        if (read(pid, kTickCounterAddress, &counter, 8)) {
          p.done = 0;
          arm(pid, p);
          signal = 0;
        }
      }
    } else if (signal == SIGSTOP && !processes.count(pid)) {
      processes[pid].started = true;
      signal = 0;
    }
    ptrace(PTRACE_CONT, pid, 0, signal);
  }
  return result;
}
