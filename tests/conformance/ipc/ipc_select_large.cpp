// select and poll at their edges: descriptors above 1024, sets larger than needed, nothing at all,
// hang-ups and errors, closed ones.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int ends[2];
  OBSERVE(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
  unsigned long bits[64] = {};  // 4096 bits
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int high = limit.rlim_max > 3000 ? 2000 : 900;
  limit.rlim_cur = limit.rlim_max > 3000 ? 3000 : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  OBSERVE(dup2(ends[0], high) == high);
  bits[high / 64] = 1ul << (high % 64);
  timeval time = {1, 0};
  const long ready = syscall(SYS_select, high + 1, bits, nullptr, nullptr, &time);
  std::printf("ready %ld, bit %d\n", ready, bits[high / 64] != 0);
  std::memset(bits, 0, sizeof bits);
  bits[0] = 1ul << ends[0];
  bits[63] = ~0ul;  // beyond what is open: not looked at
  time = {0, 0};
  std::printf("%ld %d\n", syscall(SYS_select, 4096, bits, nullptr, nullptr, &time), bits[63] != 0);
  time = {0, 1000};
  std::printf("nothing: %d, left %ld\n", select(0, nullptr, nullptr, nullptr, &time), time.tv_usec);
  close(ends[1]);
  char byte;
  OBSERVE(read(ends[0], &byte, 1) == 1);
  pollfd all[] = {{ends[0], POLLIN, 0}, {-1, POLLIN, 5}, {777, POLLIN, 0}, {1, POLLOUT, 0}};
  std::printf("poll %d:", poll(all, 4, 0));
  for (int i = 0; i < 3; ++i) std::printf(" %x", unsigned(all[i].revents));
  std::printf("\n");
  fd_set set;
  FD_ZERO(&set);
  FD_SET(777, &set);
  OBSERVE(select(778, &set, nullptr, nullptr, nullptr) == -1 && errno == EBADF);
}
