// A thread in a process that may use little address space: reads that wait are recorded, and the
// program still gets the memory that it may have.
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "observe.h"

namespace {

int ends[2];

void* reads(void*) {
  char text[16];
  OBSERVE(read(ends[0], text, sizeof text) == 6);
  std::printf("%s\n", text);
  return nullptr;
}

}  // namespace

int main() {
  const rlimit limit{100 << 20, 100 << 20};
  OBSERVE(setrlimit(RLIMIT_AS, &limit) == 0);
  OBSERVE(pipe(ends) == 0);
  pthread_t thread;
  OBSERVE(pthread_create(&thread, nullptr, reads, nullptr) == 0);
  usleep(2000);
  OBSERVE(write(ends[1], "hello", 6) == 6);
  OBSERVE(pthread_join(thread, nullptr) == 0);
  void* memory = malloc(60 << 20);
  OBSERVE(memory != nullptr);
  OBSERVE(malloc(60 << 20) == nullptr);
  return 0;
}
