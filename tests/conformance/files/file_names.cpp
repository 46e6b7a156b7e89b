// Names: renameat2 with its flags, links, symbolic links in circles, long names, openat2's
// restrictions, mkfifo, mknod, and directories that are removed while open.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {
void show(const char* what, long result) {
  std::printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}
}  // namespace

int main() {
  const char* base = getenv("TMPDIR");
  std::string name = std::string(base ? base : "/tmp") + "/names-XXXXXX";
  OBSERVE(mkdtemp(name.data()) != nullptr && chdir(name.c_str()) == 0);
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  const auto make = [](const char* path) { close(open(path, O_CREAT | O_WRONLY, 0600)); };
  make("a");
  make("b");
  show("no replace", syscall(SYS_renameat2, directory, "a", directory, "b", 1u));
  show("exchange", syscall(SYS_renameat2, directory, "a", directory, "b", 2u));
  show("link", link("a", "c"));
  show("circle", symlink("circle", "circle"));
  show("open of a circle", open("circle", O_RDONLY));
  show("a name of 300", open(std::string(300, 'n').c_str(), O_CREAT, 0600));
  show("below a file", open("a/b", O_RDONLY));
  open_how how{};
  how.resolve = RESOLVE_BENEATH;
  show("openat2 beneath", syscall(SYS_openat2, directory, "../x", &how, sizeof how));
  show("openat2 inside", syscall(SYS_openat2, directory, "a", &how, sizeof how));
  how.resolve = RESOLVE_NO_SYMLINKS;
  show("openat2 link", syscall(SYS_openat2, directory, "circle", &how, sizeof how));
  show("mkfifo", mkfifo("fifo", 0600));
  show("mknod", mknod("plain", S_IFREG | 0600, 0));
  show("write to a fifo that nobody reads", open("fifo", O_WRONLY | O_NONBLOCK));
  show("mkdir", mkdir("d", 0700));
  const int removed = open("d", O_RDONLY | O_DIRECTORY);
  show("rmdir", unlinkat(directory, "d", AT_REMOVEDIR));
  show("create in it", openat(removed, "x", O_CREAT | O_WRONLY, 0600));
  char where[512];
  OBSERVE(fchdir(directory) == 0 && getcwd(where, sizeof where) != nullptr);
  show("getcwd, short", getcwd(where, 2) == nullptr ? -1 : 0);
  show("rmdir, not empty", rmdir(name.c_str()));
  for (const char* path : {"a", "b", "c", "circle", "fifo", "plain"}) unlink(path);
  show("rmdir", rmdir(name.c_str()));
  show("getcwd, gone", getcwd(where, sizeof where) == nullptr ? -1 : 0);
}
