// fexecve and execveat: of a descriptor, of a memory file that has no name, of a path below a
// directory; a program that is deleted while it runs.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

namespace {
template <class Exec>
void run(const char* what, Exec exec) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    exec();
    std::printf("%s: %s\n", what, std::strerror(errno));
    std::fflush(stdout);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%s: status %d\n", what, WEXITSTATUS(status));
}

void copy(int to) {
  const int from = open("/proc/self/exe", O_RDONLY);
  struct stat info {};
  OBSERVE(from >= 0 && fstat(from, &info) == 0);
  for (off_t done = 0; done < info.st_size;) {
    const ssize_t n = sendfile(to, from, nullptr, size_t(info.st_size - done));
    OBSERVE(n > 0);
    done += n;
  }
  close(from);
}
}  // namespace

int main(int argc, char** argv) {
  char name[] = "again";
  char* arguments[] = {name, name, nullptr};
  if (argc > 1) {
    char link[256] = {};
    OBSERVE(readlink("/proc/self/exe", link, sizeof link - 1) > 0);
    const bool deleted = std::strstr(link, "(deleted)") != nullptr;
    std::printf("%s: %s\n", argv[0], deleted ? "deleted" : "has a name");
    return 3;
  }
  const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  run("fexecve", [&] { fexecve(self, arguments, environ); });
  const int memory = memfd_create("program", 0);
  copy(memory);
  run("memfd", [&] { fexecve(memory, arguments, environ); });
  run("memfd by path", [&] {
    const std::string path = "/proc/self/fd/" + std::to_string(memory);
    execv(path.c_str(), arguments);
  });
  run("execveat", [&] { syscall(SYS_execveat, self, "", arguments, environ, AT_EMPTY_PATH); });
  run("a text file", [&] {
    Temporary file;
    file.write("#!/nowhere/interpreter\n");
    fchmod(file.fd(), 0700);
    execv(file.path(), arguments);
  });
  std::string path;
  {
    Temporary file;
    path = file.path();
    copy(file.fd());
    fchmod(file.fd(), 0700);
    file.remove();
    run("deleted", [&] { fexecve(file.fd(), arguments, environ); });
  }
}
