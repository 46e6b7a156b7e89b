// flock and fcntl locks between processes: refused while the other holds it, waited for until not.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write("0");
  int ready[2];
  OBSERVE(pipe(ready) == 0);
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    int mine = open(file.path(), O_RDWR);
    bool locked = mine >= 0 && flock(mine, LOCK_EX) == 0 && write(ready[1], "r", 1) == 1;
    usleep(20'000);
    _exit(locked && pwrite(mine, "1", 1, 0) == 1 ? 0 : 1);
  }
  char byte = 0;
  OBSERVE(read(ready[0], &byte, 1) == 1);
  int refused = flock(file.fd(), LOCK_EX | LOCK_NB);
  std::printf("while it holds the lock: %d %s\n", refused, refused ? std::strerror(errno) : "");
  OBSERVE(flock(file.fd(), LOCK_EX) == 0);  // waits for the child's end
  OBSERVE(pread(file.fd(), &byte, 1, 0) == 1 && byte == '1');
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  struct flock range = {};
  range.l_type = F_WRLCK;
  OBSERVE(fcntl(file.fd(), F_SETLK, &range) == 0);
  range.l_type = F_WRLCK;
  OBSERVE(fcntl(file.fd(), F_GETLK, &range) == 0 && range.l_type == F_UNLCK);
  std::puts("locked");
}
