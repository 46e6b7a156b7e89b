// A process reads the memory of its child with process_vm_readv and through /proc/PID/mem, while
// the child counts there.
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {
volatile long count = 0;
char text[3 * 4096];
}  // namespace

int main() {
  int ready[2];
  OBSERVE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    std::memset(text, 'c', sizeof text);
    OBSERVE(write(ready[1], "x", 1) == 1);
    for (;;) {
      count = count + 1;
      if (count % 1000 == 0) getppid();
    }
  }
  char byte;
  OBSERVE(read(ready[0], &byte, 1) == 1);
  long seen = 0;
  char copy[sizeof text] = {};
  for (int i = 0; i < 5; ++i) {
    iovec local[] = {{&seen, sizeof seen}, {copy, sizeof copy}};
    const iovec remote[] = {{const_cast<long*>(&count), sizeof count}, {text, sizeof text}};
    const ssize_t n = process_vm_readv(child, local, 2, remote, 2, 0);
    OBSERVE(n == ssize_t(sizeof seen + sizeof text) && copy[sizeof copy - 1] == 'c');
    std::printf("counted to %ld\n", seen);
    usleep(1000);
  }
  const std::string path = "/proc/" + std::to_string(child) + "/mem";
  const int memory = open(path.c_str(), O_RDONLY);
  OBSERVE(memory >= 0);
  OBSERVE(pread(memory, &seen, sizeof seen, off_t(&count)) == ssize_t(sizeof seen));
  std::printf("at last %ld\n", seen);
  iovec local = {&seen, sizeof seen};
  const iovec nowhere = {nullptr, sizeof seen};
  OBSERVE(process_vm_readv(child, &local, 1, &nowhere, 1, 0) == -1 && errno == EFAULT);
  kill(child, SIGKILL);
  OBSERVE(waitpid(child, nullptr, 0) == child);
}
