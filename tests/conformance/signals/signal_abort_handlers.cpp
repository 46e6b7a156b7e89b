// abort, std::terminate and assert, with handlers that return, that jump away, that abort again,
// and a terminate handler of the program's own.
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <stdexcept>
#include <thread>

#include "observe.h"

namespace {
sigjmp_buf back;

template <class Work>
void in_child(const char* what, Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    close(2);
    work();
    std::fflush(stdout);
    _exit(3);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "exit",
              WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
}  // namespace

int main() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  in_child("returns", [] {
    signal(SIGABRT, [](int) {});
    abort();
  });
  in_child("jumps", [] {
    signal(SIGABRT, [](int) { siglongjmp(back, 1); });
    if (sigsetjmp(back, 1) == 0) abort();
  });
  in_child("again", [] {
    signal(SIGABRT, [](int) { abort(); });
    abort();
  });
  in_child("ignored", [] {
    signal(SIGABRT, SIG_IGN);
    abort();
  });
  in_child("blocked", [] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    abort();
  });
  in_child("exits", [] {
    signal(SIGABRT, [](int) { _exit(9); });
    abort();
  });
  in_child("terminate", [] {
    std::set_terminate([] { _exit(8); });
    throw std::runtime_error("nobody catches it");
  });
  in_child("of a thread", [] {
    std::thread thread([] { throw 5; });
    thread.join();
  });
  in_child("noexcept", [] {
    volatile bool does = true;
    [&]() noexcept {
      if (does) std::rethrow_exception(std::make_exception_ptr(5));
    }();
  });
}
