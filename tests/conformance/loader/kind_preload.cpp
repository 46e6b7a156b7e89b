// Executes itself again with LD_PRELOAD: the library's getppid is the one that is called.
#include <unistd.h>

#include "observe.h"

int main(int argc, char** argv) {
  OBSERVE(argc == 2);
  if (!getenv("LD_PRELOAD")) {
    OBSERVE(setenv("LD_PRELOAD", argv[1], 1) == 0);
    execv("/proc/self/exe", argv);
    OBSERVE(!"executed");
  }
  std::printf("getppid %d\n", getppid());
  OBSERVE(getppid() == 12345);
}
