// exec calls that fail leave the process as it was.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
int error_of(const char* path) {
  execl(path, path, nullptr);
  return errno;
}
}  // namespace

int main() {
  const char* garbage = "garbage";
  const int file = open(garbage, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  if (file < 0 || write(file, "\x7f garbage", 9) != 9) return 1;
  close(file);
  const int missing = error_of("/nonexistent/program"), directory = error_of("/"),
            plain = error_of("/etc/passwd"), format = error_of(garbage);
  unlink(garbage);
  std::printf("missing %d, directory %d, not executable %d, format %d, pid %d\n", missing,
              directory, plain, format, getpid());
  return missing != ENOENT || directory != EACCES || plain != EACCES || format != ENOEXEC;
}
