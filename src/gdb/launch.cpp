#include "gdb/launch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/c_strings.h"
#include "base/error.h"
#include "base/fd.h"
#include "gdb/connection.h"
#include "gdb/doorman.h"
#include "gdb/gdb_script.h"
#include "gdb/listener.h"
#include "gdb/replay_target.h"
#include "gdb/server.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

using namespace gdb;

/// While it exists, the keys that interrupt are left to the debugger.
class IgnoredKeys {
 public:
  IgnoredKeys() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &ignore, &old_[i]);
  }
  ~IgnoredKeys() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &old_[i], nullptr);
  }
  IgnoredKeys(const IgnoredKeys&) = delete;
  IgnoredKeys& operator=(const IgnoredKeys&) = delete;

 private:
  static constexpr std::array kSignals{SIGINT, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> old_{};
};

/// A directory of our own for one socket, gone with the object, and also with this process: a child
/// waits for the end of either, and removes what is left.
class PrivateDirectory {
 public:
  PrivateDirectory() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) throw_errno("pipe");
    Fd ours(ends[1]);
    const Fd theirs(ends[0]);
    if (::mkdtemp(path_.data()) == nullptr) throw_errno("mkdtemp " + path_);
    socket_ = path_ + "/gdb";
    janitor_ = ::fork();
    if (janitor_ == 0) clean_up_after(theirs.value(), ours.value());
    alive_ = std::move(ours);
  }
  ~PrivateDirectory() {
    ::rmdir(path_.c_str());
    alive_.reset();
    while (janitor_ > 0 && ::waitpid(janitor_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  const std::string& socket() const { return socket_; }

 private:
  /// Between fork and _exit: only system calls.
  [[noreturn]] void clean_up_after(int parent, int other_end) const {
    ::setsid();  // the terminal's keys are not for it
    ::close(other_end);
    char byte = 0;
    while (::read(parent, &byte, 1) < 0 && errno == EINTR) {
    }
    ::unlink(socket_.c_str());
    ::rmdir(path_.c_str());
    ::_exit(0);
  }

  // Not TMPDIR: a socket's path is at most 107 bytes long.
  std::string path_ = "/tmp/ttrace-XXXXXX";
  std::string socket_;
  pid_t janitor_ = -1;
  Fd alive_;
};

/// gdb as a child of this process.
class GdbProcess {
 public:
  explicit GdbProcess(const DebugOptions& options);
  /// Kills it if it was not waited for.
  ~GdbProcess();
  GdbProcess(const GdbProcess&) = delete;
  GdbProcess& operator=(const GdbProcess&) = delete;

  /// The line to our script in it: it says that it is ready to connect, and is told where. Readable
  /// as well when gdb is gone.
  int script_line() const { return script_line_.value(); }
  /// False: gdb ended without asking.
  bool wait_until_ready() const;
  void tell(const std::string& remote, const Fd& program) const;
  /// Waits for its end; an exit status as a shell shows it.
  int wait();

 private:
  Fd script_line_;
  pid_t pid_ = -1;
};

/// A file without a name that holds our script.
Fd script_file() {
  Fd file(::memfd_create("ttrace-gdb.py", MFD_CLOEXEC));
  if (!file) throw_errno("memfd_create");
  std::string_view text = gdb_script();
  while (!text.empty()) {
    const ssize_t written = ::write(file.value(), text.data(), text.size());
    if (written < 0) throw_errno("write to a memfd");
    text.remove_prefix(std::size_t(written));
  }
  return file;
}

std::vector<std::string> gdb_arguments(const DebugOptions& options, int script, int line) {
  std::vector<std::string> arguments{options.gdb, "-q"};
  if (!options.init_files) arguments.emplace_back("-nx");
  if (options.batch) arguments.emplace_back("-batch");
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  const auto execute = [&](const std::string& command) {
    arguments.emplace_back("-ex");
    arguments.push_back(command);
  };
  // After the user's own settings, as the session depends on these: files come out of the trace,
  // and nothing from a network.
  execute("set sysroot target:");
  execute("set debuginfod enabled off");
  execute("set confirm off");
  const std::string file = "/proc/self/fd/" + std::to_string(script);
  execute("python exec(compile(open('" + file + "').read(), 'ttrace-gdb.py', 'exec'))");
  execute("python ttrace_start(" + std::to_string(script) + ", " + std::to_string(line) +
          (options.silent ? ", False)" : ")"));
  for (const std::string& command : options.commands) execute(command);
  return arguments;
}

[[noreturn]] void execute_gdb(const std::vector<char*>& argv, std::array<int, 2> keep, int error) {
  for (const int fd : keep) ::fcntl(fd, F_SETFD, 0);
  // A gdb whose other side was killed has nothing left to talk to.
  ::prctl(PR_SET_PDEATHSIG, SIGHUP);
  ::execvp(argv[0], argv.data());
  const int code = errno;
  [[maybe_unused]] const ssize_t written = ::write(error, &code, sizeof code);
  ::_exit(127);
}

GdbProcess::GdbProcess(const DebugOptions& options) {
  std::array<int, 2> line{};
  std::array<int, 2> failure{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line.data()) < 0) {
    throw_errno("socketpair");
  }
  script_line_ = Fd(line[0]);
  const Fd their_line(line[1]);
  if (::pipe2(failure.data(), O_CLOEXEC) < 0) throw_errno("pipe");
  const Fd failure_out(failure[0]);
  Fd failure_in(failure[1]);
  const Fd script = script_file();

  const auto arguments = gdb_arguments(options, script.value(), their_line.value());
  const std::vector<char*> argv = c_strings(arguments);

  pid_ = ::fork();
  if (pid_ < 0) throw_errno("fork");
  if (pid_ == 0) execute_gdb(argv, {script.value(), their_line.value()}, failure_in.value());
  failure_in.reset();
  int code = 0;
  if (::read(failure_out.value(), &code, sizeof code) == sizeof code) {
    wait();
    throw NoDebugger(options.gdb + ": " + std::strerror(code) +
                     "; install gdb, or serve the trace and connect another debugger");
  }
}

GdbProcess::~GdbProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

bool GdbProcess::wait_until_ready() const {
  char byte = 0;
  ssize_t got;
  do {
    got = ::recv(script_line_.value(), &byte, 1, 0);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

/// gdb reads files through our server byte by byte, which takes as long again as to understand
/// their symbols. It gets the largest one, mostly, as a path of this machine.
void GdbProcess::tell(const std::string& remote, const Fd& program) const {
  std::string text = remote + "\t";
  if (program) {
    text += "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(program.value());
  }
  text += "\n";
  ::send(script_line_.value(), text.data(), text.size(), MSG_NOSIGNAL);
}

int GdbProcess::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) throw_errno("wait for gdb");
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void serve_connection(ReplayTarget& target, Fd socket) {
  Connection line(std::move(socket));
  Server(target, line).run();
}

/// Lets gdb connect. The socket has a name only while gdb, which has asked for it, connects.
Fd connect(const GdbProcess& debugger, const Fd& program) {
  if (!debugger.wait_until_ready()) return {};
  const PrivateDirectory directory;
  Listener listener({directory.socket(), 0});
  debugger.tell(listener.remote(), program);
  return listener.accept(debugger.script_line());
}

/// While it exists, signals that would end this process wait. pending() becomes readable when there
/// is one; it strikes when the object is gone.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&signals, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals, &old_);
    pending_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  }
  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  int pending() const { return pending_.value(); }

 private:
  sigset_t old_{};
  Fd pending_;
};

}  // namespace

int debug_with_gdb(const std::string& trace_path, const DebugOptions& options) {
  TraceReader trace(trace_path);
  GdbProcess debugger(options);  // it starts up while the replay runs
  const IgnoredKeys ignored;
  {
    ReplayTarget target(trace, options.process);
    const Fd program = target.open_file(target.executable()).value_or(Fd());
    Fd socket = connect(debugger, program);
    if (socket) serve_connection(target, std::move(socket));
  }
  return debugger.wait();
}

void serve(const std::string& trace_path, const std::string& address, std::optional<Pid> process,
           const std::function<void(const std::string& remote)>& announce) {
  const ListenAddress where = parse_address(address);
  TraceReader trace(trace_path);
  ReplayTarget target(trace, process);
  const HeldSignals held;  // so that a socket's path is removed before the process ends
  Listener listener(where);
  if (announce) announce(listener.remote());
  Fd socket = listener.accept(held.pending());
  if (!socket) return;
  const Doorman doorman(listener, held.pending());
  serve_connection(target, std::move(socket));
}

}  // namespace ttrace
