#include "record/launch.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/seccomp.h>
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

bool install_filter(const std::vector<sock_filter>& program) {
  const sock_fprog code{static_cast<unsigned short>(program.size()),
                        const_cast<sock_filter*>(program.data())};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) == 0) return true;
  // Without CAP_SYS_ADMIN a filter needs no_new_privs; with it, set-user-id programs stay possible.
  if (errno != EACCES) return false;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) == 0;
}

/// Runs in the child, between fork and exec: only system calls.
struct ChildPlan {
  const char* path;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<sock_filter> filter;
  sigset_t mask;  ///< of the supervisor
  int go;         ///< readable once the supervisor has seized us
  int go_write;   ///< its other end, which only the supervisor may hold
  int errors;
  bool randomises = false;
  int input = -1;  ///< capture: becomes 0
  int output = -1;
  int error_output = -1;
};

[[noreturn]] void run_child(const ChildPlan& plan) {
  const auto fail = [&](SetupFailure::Step step) {
    const SetupFailure failure{step, errno};
    (void)!write(plan.errors, &failure, sizeof failure);
    _exit(127);
  };
  // Until it is seized it would outlive a supervisor that is killed: it waits for a pipe that then
  // ends, because nobody else holds the other end.
  close(plan.go_write);
  if (plan.output >= 0) {
    setpgid(0, 0);
    dup2(plan.input, 0);
    dup2(plan.output, 1);
    dup2(plan.error_output, 2);
  }
  char byte = 0;
  if (read(plan.go, &byte, 1) != 1) _exit(127);
  // Signals were blocked for the fork: one that is meant for the whole group met the supervisor
  // only.
  drop_pending_signals();
  sigprocmask(SIG_SETMASK, &plan.mask, nullptr);
  // A container may refuse it: addresses then differ by attempt.
  personality(plan.randomises ? 0UL : 0UL | ADDR_NO_RANDOMIZE);
  if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) fail(SetupFailure::trap_time);
  if (!install_filter(plan.filter)) fail(SetupFailure::filter);
  execve(plan.path, plan.arguments.data(), plan.environment.data());
  fail(SetupFailure::exec);
  _exit(127);
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
  const std::string path = find_program(program);
  auto [go_read, go_write] = make_pipe();
  auto [errors_read, errors_write] = make_pipe();

  Launched launched;
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

  ChildPlan plan;
  plan.path = path.c_str();
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
  pid_t child = 0;
  {
    const SignalsBlocked blocked;
    plan.mask = blocked.former();
    child = fork();
    if (child == 0) run_child(plan);
  }
  if (child < 0) throw_errno("fork");
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
      launched.path = path;
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
