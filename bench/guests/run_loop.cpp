// run_loop COUNT PROGRAM ARGS...: starts PROGRAM so often, one run after the other on one CPU, its
// output to /dev/null, and prints the nanoseconds of all runs: what a loop of attempts costs
// without a recorder.
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  if (argc < 3) {
    std::fprintf(stderr, "usage: run_loop COUNT PROGRAM [ARGUMENTS]\n");
    return 2;
  }
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  sched_setaffinity(0, sizeof here, &here);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

  const auto began = Clock::now();
  for (long left = std::atol(argv[1]); left > 0; --left) {
    const pid_t child = fork();
    if (child == 0) {
      dup2(null, 0);
      dup2(null, 1);
      dup2(null, 2);
      execv(argv[2], argv + 2);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      std::fprintf(stderr, "run_loop: %s did not exit with 0\n", argv[2]);
      return 1;
    }
  }
  const std::chrono::nanoseconds took = Clock::now() - began;
  std::printf("%lld\n", static_cast<long long>(took.count()));
}
