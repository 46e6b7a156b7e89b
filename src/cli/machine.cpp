#include "cli/machine.h"

#include <cpuid.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "base/fd.h"
#include "tracee/probe_child.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

constexpr int kArchSetCpuid = 0x1012;  // asm/prctl.h: ARCH_SET_CPUID
constexpr auto kGdbLimit = std::chrono::seconds(20);

/// The errno (0 for none) that `body` returns in a child. What kills the child is EPROTO.
template <class Body>
int try_in_child(Body body) {
  ProbeChild child(body);
  if (child.error() != 0) return child.error();
  const int status = child.status();
  return WIFEXITED(status) ? WEXITSTATUS(status) : EPROTO;
}

int error_of(long result) { return result < 0 ? errno : 0; }

std::array<Fd, 2> make_pipe() {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {Fd(ends[0]), Fd(ends[1])};
}

/// What the recorder does to each of its tracees.
int seize(pid_t child, const char* byte) {
  constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
                            PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                            PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
  if (ptrace(PTRACE_SEIZE, child, nullptr, kOptions) != 0) return errno;
  if (ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr) != 0) return errno;
  int status = 0;
  while (waitpid(child, &status, __WALL) < 0) {
    if (errno != EINTR) return errno;
  }
  user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, child, nullptr, &registers) != 0) return errno;
  const Fd memory(open(("/proc/" + std::to_string(child) + "/mem").c_str(), O_RDWR | O_CLOEXEC));
  char copy = 0;
  if (!memory) return errno;
  return error_of(pread(memory.value(), &copy, 1, off_t(reinterpret_cast<std::uintptr_t>(byte))));
}

bool install(const sock_fprog& filter) {
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

}  // namespace

int LocalMachine::trace_child() const {
  const auto [read_end, write_end] = make_pipe();
  if (!read_end) return errno;
  const char byte = 'x';
  ProbeChild child([&, read_fd = read_end.value(), write_fd = write_end.value()] {
    char end;
    close(write_fd);  // so that it ends with its parent
    return int(::read(read_fd, &end, 1));
  });
  return child.error() != 0 ? child.error() : seize(child.pid(), &byte);
}

int LocalMachine::filter_calls() const {
  return try_in_child([] {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter = {std::size(code), code};
    // As in a tracee: no_new_privs only where the filter needs it.
    if (!install(filter)) {
      if (errno != EACCES) return errno;
      if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
      if (!install(filter)) return errno;
    }
    // Without a tracer the kernel answers for it.
    return syscall(SYS_getppid) < 0 && errno == ENOSYS ? 0 : EOPNOTSUPP;
  });
}

int LocalMachine::trap_time() const {
  return try_in_child([] {
    struct sigaction action {};
    action.sa_handler = [](int) { _exit(0); };
    sigaction(SIGSEGV, &action, nullptr);
    if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) return errno;
    __rdtsc();
    return EOPNOTSUPP;
  });
}

int LocalMachine::fix_addresses() const {
  return try_in_child([] { return error_of(personality(ADDR_NO_RANDOMIZE)); });
}

int LocalMachine::trap_cpuid() const {
  return try_in_child([] { return error_of(syscall(SYS_arch_prctl, kArchSetCpuid, 0)); });
}

CounterOffer LocalMachine::counters() const { return examine_counters(); }

CpuFeatures LocalMachine::cpu() const {
  CpuFeatures features;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d)) features.rdrand = c & bit_RDRND;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) features.rdseed = b & bit_RDSEED;
  return features;
}

GdbAnswer LocalMachine::gdb() const {
  auto [read_end, write_end] = make_pipe();
  if (!read_end) return {};
  ProbeChild child([out = write_end.value()] {
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 0);
    dup2(out, 1);
    dup2(null, 2);
    // What a session needs: that gdb runs, and its Python.
    execlp("gdb", "gdb", "-nx", "-q", "-batch", "-ex", "show version", "-ex",
           "python print('py' + 'thon works')", nullptr);
    return 127;
  });
  write_end.reset();

  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kGdbLimit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd entry = {read_end.value(), POLLIN, 0};
    const int ready = poll(&entry, 1, int(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    std::array<char, 4096> piece;
    const ssize_t n = ready > 0 ? ::read(read_end.value(), piece.data(), piece.size()) : 0;
    if (n <= 0 || text.size() > 65536) break;
    text.append(piece.data(), std::size_t(n));
  }
  GdbAnswer answer;
  if (text.starts_with("GNU gdb")) answer.version = text.substr(0, text.find('\n'));
  answer.python = text.find("\npython works") != std::string::npos;
  return answer;
}

DirectoryAnswer LocalMachine::directory(const std::string& path) const {
  DirectoryAnswer answer;
  std::error_code ignored;
  fs::path existing = fs::absolute(path, ignored).lexically_normal();
  while (!fs::exists(existing, ignored) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  answer.existing = existing.string();
  Fd file(open(existing.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  // A directory on a file system that has no unnamed files. EISDIR: a kernel that has none.
  if (!file && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = (existing / ".ttrace-tmp-XXXXXX").string();
    file = Fd(mkostemp(name.data(), O_CLOEXEC));
    if (file) unlink(name.c_str());
  }
  if (!file || write(file.value(), "x", 1) != 1) answer.error = errno;
  struct statvfs space {};
  if (statvfs(existing.c_str(), &space) == 0) {
    answer.free_bytes = std::uint64_t(space.f_bavail) * space.f_frsize;
  }
  return answer;
}

std::optional<std::string> LocalMachine::read(const std::string& path) const {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text(16384, '\0');
  const ssize_t n = file ? ::read(file.value(), text.data(), text.size()) : -1;
  if (n < 0) return std::nullopt;
  text.resize(std::size_t(n));
  return text;
}

}  // namespace ttrace
