#include "record/launch.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/c_strings.h"
#include "record/disturbances.h"
#include "record/filter.h"
#include "tracee/signals_blocked.h"
#include "tracee/task.h"

namespace ttrace {
namespace {

/// Where a child's preparation failed; travels through a pipe that exec closes.
struct SetupFailure {
  enum Step : int { filter, trap_time, exec } step;
  int error;
};

/// A system call as the child makes it: the result or -errno, and no errno, which is ours too.
std::int64_t call(std::int64_t number, std::uint64_t a = 0, std::uint64_t b = 0,
                  std::uint64_t c = 0, std::uint64_t d = 0, std::uint64_t e = 0) {
  register std::uint64_t r10 asm("r10") = d;
  register std::uint64_t r8 asm("r8") = e;
  std::int64_t result = number;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
}

std::uint64_t word(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// 0 or -errno.
std::int64_t install_filter(const std::vector<sock_filter>& program) {
  const sock_fprog code{static_cast<unsigned short>(program.size()),
                        const_cast<sock_filter*>(program.data())};
  const auto install = [&] { return call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, word(&code)); };
  const std::int64_t result = install();
  // Without CAP_SYS_ADMIN a filter needs no_new_privs; with it, set-user-id programs stay possible.
  if (result != -EACCES) return result;
  const std::int64_t barred = call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
  return barred != 0 ? barred : install();
}

/// What the child does between its birth and exec.
struct ChildPlan {
  const char* path = nullptr;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<sock_filter> filter;
  int go = -1;        ///< readable once the supervisor has seized us
  int go_write = -1;  ///< its other end, which only the supervisor may hold
  int errors = -1;
  bool randomises = false;
  int input = -1;  ///< capture: becomes 0
  int output = -1;
  int error_output = -1;
};

/// Signals that arrived while they were blocked are forgotten.
void drop_pending() {
  const std::uint64_t all = ~std::uint64_t(0);
  const timespec none{};
  while (call(SYS_rt_sigtimedwait, word(&all), 0, word(&none), sizeof all) > 0) {
  }
}

/// Only system calls by call(): the memory is the supervisor's, which goes on meanwhile. Signals
/// stay blocked, so that none of its handlers runs here.
int run_child(void* memory) {
  const ChildPlan& plan = *static_cast<const ChildPlan*>(memory);
  const auto fail = [&](SetupFailure::Step step, std::int64_t result) {
    const SetupFailure failure{step, int(-result)};
    call(SYS_write, std::uint64_t(plan.errors), word(&failure), sizeof failure);
    call(SYS_exit_group, 127);
  };
  // Until it is seized it would outlive a supervisor that is killed: it waits for a pipe that then
  // ends, because nobody else holds the other end.
  call(SYS_close, std::uint64_t(plan.go_write));
  if (plan.output >= 0) {
    call(SYS_setpgid);
    call(SYS_dup2, std::uint64_t(plan.input), 0);
    call(SYS_dup2, std::uint64_t(plan.output), 1);
    call(SYS_dup2, std::uint64_t(plan.error_output), 2);
  }
  char byte = 0;
  if (call(SYS_read, std::uint64_t(plan.go), word(&byte), 1) != 1) call(SYS_exit_group, 127);
  // A signal that is meant for the whole group met the supervisor only.
  drop_pending();
  // A container may refuse it: addresses then differ by attempt.
  call(SYS_personality, plan.randomises ? 0 : std::uint64_t(ADDR_NO_RANDOMIZE));
  const std::int64_t trapped = call(SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
  if (trapped != 0) fail(SetupFailure::trap_time, trapped);
  const std::int64_t filtered = install_filter(plan.filter);
  if (filtered != 0) fail(SetupFailure::filter, filtered);
  fail(SetupFailure::exec, call(SYS_execve, word(plan.path), word(plan.arguments.data()),
                                word(plan.environment.data())));
  return 127;
}

void check_executable(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    throw UsageError("cannot execute " + path + ": " + std::strerror(errno));
  }
  if (S_ISDIR(info.st_mode)) throw UsageError("cannot execute " + path + ": it is a directory");
  if (access(path.c_str(), X_OK) != 0) {
    throw UsageError("cannot execute " + path + ": " + std::strerror(errno));
  }
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Elf64_Ehdr header{};
  if (!file || pread(file.value(), &header, sizeof header, 0) != ssize_t(sizeof header)) return;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return;  // a script: the kernel decides
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    throw UsageError("cannot record " + path +
                     ": it is a program for another architecture (only x86-64 is supported)");
  }
}

Fd open_null(int flags) {
  Fd fd(open("/dev/null", flags | O_CLOEXEC));
  if (!fd) throw_errno("open /dev/null");
  return fd;
}

std::pair<Fd, Fd> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

/// `step` is what the machine does not allow.
Error refused(const std::string& step, int error) {
  return Error(step + " is refused here (" + std::strerror(error) +
               "): in a container allow it (docker run --cap-add=SYS_PTRACE "
               "--security-opt seccomp=unconfined); elsewhere see kernel.yama.ptrace_scope");
}

}  // namespace

struct ChildMemory {
  ChildPlan plan;
  std::string path;
  alignas(16) std::array<std::byte, 1 << 16> stack;
};

void FreeChildMemory::operator()(ChildMemory* memory) const { delete memory; }

std::string find_program(const Program& program) {
  if (program.path.find('/') != std::string::npos) {
    check_executable(program.path);
    return program.path;
  }
  std::string search = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : program.environment) {
    if (entry.starts_with("PATH=")) search = entry.substr(5);
  }
  for (std::size_t from = 0; from <= search.size();) {
    const std::size_t to = std::min(search.find(':', from), search.size());
    const std::string directory = search.substr(from, to - from);
    std::string path = (directory.empty() ? "." : directory) + "/" + program.path;
    if (access(path.c_str(), X_OK) == 0) {
      check_executable(path);
      return path;
    }
    from = to + 1;
  }
  throw UsageError("cannot execute " + program.path + ": no such program in PATH");
}

Launched launch(const Program& program, const RecordOptions& options) {
  auto [go_read, go_write] = make_pipe();
  auto [errors_read, errors_write] = make_pipe();

  Launched launched;
  launched.path = find_program(program);
  launched.memory.reset(new ChildMemory);
  Fd input;
  if (options.capture_output) {
    input = open_null(O_RDONLY);
    // Two open file descriptions: writes are told apart by which of them they reach (kcmp(2)).
    launched.standard_output = open_null(O_WRONLY);
    launched.standard_error = open_null(O_WRONLY);
  } else {
    launched.standard_output = Fd(fcntl(1, F_DUPFD_CLOEXEC, 3));
    launched.standard_error = Fd(fcntl(2, F_DUPFD_CLOEXEC, 3));
  }

  ChildPlan& plan = launched.memory->plan;
  launched.memory->path = launched.path;
  plan.path = launched.memory->path.c_str();
  plan.arguments = c_strings(program.arguments);
  plan.environment = c_strings(program.environment);
  plan.filter = make_filter();
  plan.go = go_read.value();
  plan.errors = errors_write.value();
  plan.randomises =
      Disturbances::randomises_addresses(options.seed, options.chaos, options.addresses);
  if (options.capture_output) {
    plan.input = input.value();
    plan.output = launched.standard_output.value();
    plan.error_output = launched.standard_error.value();
  }

  plan.go_write = go_write.value();
  std::uint64_t mask = 0;
  pid_t child = 0;
  {
    const SignalsBlocked blocked;
    std::memcpy(&mask, &blocked.former(), sizeof mask);
    // In our memory: a fork would copy the page tables of it all, for an exec that drops them.
    auto& stack = launched.memory->stack;
    child = clone(run_child, stack.data() + stack.size(), CLONE_VM | SIGCHLD, &plan);
  }
  if (child < 0) throw_errno("clone");
  errors_write.reset();

  constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
                            PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                            PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
  if (ptrace(PTRACE_SEIZE, child, nullptr, kOptions) != 0) {
    const int error = errno;
    kill(child, SIGKILL);
    waitpid(child, nullptr, __WALL);
    throw refused("ptrace", error);
  }
  (void)!write(go_write.value(), "", 1);

  // The filter is the last thing before the exec: the first seccomp stop is the execve itself. A
  // child that fails says why and ends.
  for (;;) {
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    const StopStatus stop = understand(status);
    if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed) break;
    if (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_SECCOMP) {
      launched.pid = Pid(child);
      Task(Tid(child)).set_signal_mask(mask);
      return launched;
    }
    ptrace(PTRACE_CONT, child, nullptr, nullptr);
  }
  SetupFailure failure{SetupFailure::exec, ECHILD};
  if (read(errors_read.value(), &failure, sizeof failure) != ssize_t(sizeof failure)) {
    throw Error("the program was killed before it began: try again");
  }
  throw refused(failure.step == SetupFailure::filter ? "seccomp" : "prctl(PR_SET_TSC)",
                failure.error);
}

}  // namespace ttrace
