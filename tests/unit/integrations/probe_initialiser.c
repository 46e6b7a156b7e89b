/* The initialiser of a shared library: it must not run before the supervisor is started. */
#include <unistd.h>

__attribute__((constructor)) static void initialise(void) {
  static const char text[] = "library initialised\n";
  if (write(2, text, sizeof text - 1) < 0) _exit(99);
}
