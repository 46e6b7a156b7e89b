// Four thousand descriptors at once, each used; what the limit says; duplicates at high numbers.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "temporary.h"

int main() {
  rlimit limit{};
  OBSERVE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4200);
  OBSERVE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  Temporary file;
  file.write("abcdefgh");
  std::vector<pollfd> all;
  while (all.size() < 4096) {
    const int fd = all.size() % 2 ? dup(file.fd()) : open(file.path(), O_RDONLY);
    if (fd < 0) break;
    all.push_back({fd, POLLIN, 0});
  }
  std::printf("%s\n", all.size() == 4096 ? "all" : strerrorname_np(errno));
  long sum = 0;
  for (size_t i = 0; i < all.size(); i += 7) {
    char byte = 0;
    OBSERVE(pread(all[i].fd, &byte, 1, off_t(i % 8)) == 1);
    sum += byte;
  }
  std::printf("sum %ld, ready %d\n", sum, poll(all.data(), all.size(), 0) == int(all.size()));
  if (limit.rlim_cur == 4200) {
    OBSERVE(dup2(file.fd(), 4199) == 4199 && dup2(file.fd(), 4200) == -1 && errno == EBADF);
  }
  for (const pollfd& one : all) close(one.fd);
}
