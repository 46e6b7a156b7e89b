// The clock is read often by a thread that outlives its process's first one.
#include <pthread.h>

#include <thread>

#include "clock_often.h"

int main() {
  std::thread([] {
    read_clock_often();
    print_counter();
    read_clock_often();
    print_counter();
    std::exit(0);
  }).detach();
  pthread_exit(nullptr);
}
