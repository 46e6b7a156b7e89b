// Output that does not go through write(2) on the descriptors that the program was given.
#include <fcntl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const iovec vectors[] = {{const_cast<char*>("one "), 4}, {const_cast<char*>("two\n"), 4}};
  OBSERVE(pwritev2(1, vectors, 2, -1, 0) == 8);
  const int again = open("/dev/stdout", O_WRONLY | O_APPEND);
  OBSERVE(again >= 0);
  OBSERVE(dprintf(again, "opened again\n") > 0);
  const int error = open("/proc/self/fd/2", O_WRONLY | O_APPEND);
  OBSERVE(error >= 0);
  OBSERVE(dprintf(error, "errors opened again\n") > 0);
  const int null = open("/dev/null", O_WRONLY);
  OBSERVE(dprintf(null, "nobody sees this\n") > 0);
  OBSERVE(system("echo a child >/dev/stdout; echo its error >/dev/stderr") == 0);
  return 0;
}
