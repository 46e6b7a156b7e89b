// Limits that stop a program: of file size (SIGXFSZ or EFBIG), of descriptors, of processes'
// memory, of the CPU; what a child inherits.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

namespace {
void limit(int resource, rlim_t soft, rlim_t hard) {
  const rlimit value = {soft, hard};
  OBSERVE(setrlimit(__rlimit_resource_t(resource), &value) == 0);
}

template <class Work>
void in_child(const char* what, Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "exit",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
volatile sig_atomic_t handled = 0;
}  // namespace

int main() {
  Temporary file;
  in_child("file size", [&] {
    limit(RLIMIT_FSIZE, 10, 10);
    std::printf("write %zd\n", write(file.fd(), "0123456789abcdef", 16));
    std::fflush(stdout);
    if (write(file.fd(), "x", 1) < 0) _exit(9);
  });
  in_child("file size, ignored", [&] {
    signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 12, 12);
    OBSERVE(pwrite(file.fd(), "x", 1, 20) == -1 && errno == EFBIG);
    OBSERVE(ftruncate(file.fd(), 100) == -1 && errno == EFBIG);
  });
  in_child("file size, handled", [&] {
    signal(SIGXFSZ, [](int) { handled = handled + 1; });
    limit(RLIMIT_FSIZE, 12, 12);
    OBSERVE(pwrite(file.fd(), "x", 1, 20) == -1 && errno == EFBIG);
    std::printf("handled %d\n", int(handled));
  });
  in_child("descriptors", [] {
    limit(RLIMIT_NOFILE, 20, 20);
    int last = -1;
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) last = fd;
    std::printf("last %d: %s\n", last, strerrorname_np(errno));
    int ends[2];
    OBSERVE(pipe(ends) == -1 && errno == EMFILE);
    OBSERVE(dup(0) == -1 && dup2(0, 20) == -1 && errno == EBADF);
  });
  in_child("memory", [] {
    limit(RLIMIT_DATA, 32 << 20, RLIM_INFINITY);
    void* much = mmap(nullptr, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OBSERVE(much == MAP_FAILED && errno == ENOMEM);
    rlimit now{};
    OBSERVE(prlimit(0, RLIMIT_DATA, nullptr, &now) == 0 && now.rlim_cur == 32 << 20);
  });
  in_child("stack", [] {
    limit(RLIMIT_STACK, 256 << 10, 256 << 10);
    char* end = static_cast<char*>(alloca(1 << 20));
    *static_cast<volatile char*>(end) = 1;
  });
  in_child("core", [] {
    limit(RLIMIT_CORE, 0, 0);
    abort();
  });
}
