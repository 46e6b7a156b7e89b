#include "hunt/native.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/c_strings.h"
#include "base/error.h"

namespace ttrace {
namespace {

// Owns a child until it is reaped.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), pidfd_(int(syscall(SYS_pidfd_open, pid, 0))) {
    if (pidfd_) return;
    const int error = errno;
    kill_and_reap();
    throw SystemError("pidfd_open", error);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) kill_and_reap();
  }

  // Whether it ended within this time. Comes back early after a signal.
  bool ended_within(std::chrono::milliseconds time) {
    pollfd entry = {pidfd_.value(), POLLIN, 0};
    return poll(&entry, 1, int(time.count())) == 1;
  }
  int reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }
  int kill_and_reap() {
    kill(-pid_, SIGKILL);  // what it started in its group, too
    kill(pid_, SIGKILL);
    return reap();
  }

 private:
  pid_t pid_;
  Fd pidfd_;
};

// Between fork and execve. Only async-signal-safe calls.
[[noreturn]] void become(const char* path, char* const* arguments, char* const* environment,
                         int standard_input, int output, int inherited, int error_pipe,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  if (getppid() == parent && dup2(standard_input, 0) >= 0 && dup2(output, 1) >= 0 &&
      dup2(output, 2) >= 0 && (inherited < 0 || fcntl(inherited, F_SETFD, 0) == 0)) {
    execve(path, arguments, environment);
  }
  const int error = errno;
  // The parent reads the error; should the pipe fail, it sees status 127.
  if (write(error_pipe, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

bool is_executable_file(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

Fd unnamed_file(const char* what) {
  Fd file(memfd_create(what, MFD_CLOEXEC));
  if (!file) throw_errno(std::string("create a file in memory for ") + what);
  return file;
}

std::string contents_of(const Fd& file) {
  std::string text;
  char buffer[16384];
  for (ssize_t n; (n = pread(file.value(), buffer, sizeof buffer, off_t(text.size()))) > 0;) {
    text.append(buffer, std::size_t(n));
  }
  return text;
}

NativeResult run_native(const NativeRun& run) {
  const Fd output = unnamed_file("output");
  const Fd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (!nothing) throw_errno("open /dev/null");
  if (pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);

  const std::vector<char*> arguments = c_strings(run.arguments);
  const std::vector<char*> environment = c_strings(run.environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw_errno("fork");
  if (pid == 0) {
    become(run.path.c_str(), arguments.data(), environment.data(), nothing.value(), output.value(),
           run.inherited ? run.inherited->value() : -1, write_end.value(), parent);
  }
  Child child(pid);
  write_end.reset();
  int error = 0;
  ssize_t got;
  while ((got = read(read_end.value(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (got == sizeof error) {
    throw UsageError("cannot execute " + run.path + ": " + std::generic_category().message(error));
  }

  NativeResult result;
  const auto deadline = std::chrono::steady_clock::now() + run.timeout;
  while (!child.ended_within(std::chrono::milliseconds(100))) {
    const bool interrupted = run.interrupted && *run.interrupted;
    result.timed_out =
        run.timeout.count() > 0 && std::chrono::steady_clock::now() >= deadline && !interrupted;
    if (interrupted || result.timed_out) {
      result.status = child.kill_and_reap();
      result.output = contents_of(output);
      return result;
    }
  }
  result.status = child.reap();
  result.output = contents_of(output);
  return result;
}

std::string find_program(const std::string& name, const Environment& environment) {
  namespace fs = std::filesystem;
  if (name.find('/') != std::string::npos) {
    if (is_executable_file(name)) return fs::absolute(name).lexically_normal().string();
    throw UsageError("cannot execute " + name + ": " +
                     (access(name.c_str(), F_OK) != 0 ? "there is no such file"
                                                      : "it is not an executable file"));
  }
  const std::string path = environment_value(environment, "PATH").value_or("/usr/bin:/bin");
  for (std::size_t begin = 0; !name.empty() && begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    // An empty entry of PATH is the current directory.
    const fs::path directory = end == begin ? "." : path.substr(begin, end - begin);
    const fs::path file = directory / name;
    if (is_executable_file(file)) return fs::absolute(file).lexically_normal().string();
    begin = end + 1;
  }
  throw UsageError("cannot execute " + (name.empty() ? "a program without a name" : name) +
                   ": no such program in PATH");
}

}  // namespace ttrace
