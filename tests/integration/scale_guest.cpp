// Does one thing very often: scale_guest events N | read MEBIBYTES | processes N | alive N | hang N
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

int events(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) sum += syscall(SYS_getppid) > 0;
  std::printf("%ld\n", sum);
  return 0;
}

/// After so many calls it hangs.
int hang(long count) {
  events(count);
  std::fflush(stdout);
  for (volatile bool forever = true; forever;) continue;
  return 0;
}

int read_much(long mebibytes) {
  constexpr std::size_t kSize = std::size_t{1} << 20;
  std::vector<unsigned char> buffer(kSize);
  const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  unsigned long sum = 0;
  for (long i = 0; i < mebibytes; ++i) {
    for (std::size_t done = 0; done < kSize;) {
      const ssize_t got = read(fd, buffer.data() + done, kSize - done);
      if (got <= 0) return 1;
      done += std::size_t(got);
    }
    for (const unsigned char byte : buffer) sum = sum * 31 + byte;
  }
  std::printf("%lx\n", sum);
  return 0;
}

// One after the other.
int processes(long count) {
  long sum = 0;
  for (long i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(int(i % 100));
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    sum += WEXITSTATUS(status);
  }
  std::printf("%ld\n", sum);
  return 0;
}

// All at once: each waits until the last one is there.
int alive(long count) {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  for (long i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child < 0) return 1;
    if (child > 0) continue;
    close(ends[1]);
    char byte = 0;
    const ssize_t got = read(ends[0], &byte, 1);  // the end of the pipe
    _exit(got == 0 ? 1 : 0);
  }
  close(ends[1]);
  long sum = 0;
  for (int status = 0; wait(&status) > 0;) sum += WEXITSTATUS(status);
  std::printf("%ld\n", sum);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  constexpr struct {
    const char* name;
    int (*run)(long);
  } kModes[] = {{"events", events},
                {"read", read_much},
                {"processes", processes},
                {"alive", alive},
                {"hang", hang}};
  for (const auto& mode : kModes) {
    if (std::strcmp(argv[1], mode.name) == 0) return mode.run(std::atol(argv[2]));
  }
  return 2;
}
