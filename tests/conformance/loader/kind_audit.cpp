// Executes itself again under an audit library (LD_AUDIT), which lives in a namespace of its own.
#include <unistd.h>

#include <thread>

#include "observe.h"

int main(int argc, char** argv) {
  if (argc > 1 && getenv("LD_AUDIT") == nullptr) {
    setenv("LD_AUDIT", argv[1], 1);
    execv("/proc/self/exe", argv);
    return 1;
  }
  int sum = 0;
  std::thread([&] { sum = 7; }).join();
  std::printf("works %d\n", sum);
}
