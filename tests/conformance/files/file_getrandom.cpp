// Random bytes from getrandom, getentropy, and /dev/urandom.
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "observe.h"

static void print(const char* from, const unsigned char* bytes, int count) {
  std::printf("%s", from);
  for (int i = 0; i < count; ++i) std::printf(" %02x", bytes[i]);
  std::puts("");
}

int main() {
  unsigned char bytes[300] = {};
  OBSERVE(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
  print("getrandom", bytes, 300);
  OBSERVE(getrandom(bytes, 16, GRND_NONBLOCK | GRND_INSECURE) == 16);
  print("insecure", bytes, 16);
  OBSERVE(getentropy(bytes, 32) == 0);
  print("getentropy", bytes, 32);
  OBSERVE(getentropy(bytes, 257) == -1);
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  OBSERVE(fd >= 0 && read(fd, bytes, 32) == 32);
  print("urandom", bytes, 32);
}
