// A request without a size in its number that the kernel knows and the recorder does not: what it
// writes would be missing from the trace.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "observe.h"

int main() {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  OBSERVE(terminal >= 0);
  termios locked{};
  OBSERVE(ioctl(terminal, TIOCGLCKTRMIOS, &locked) == 0);
  return 0;
}
