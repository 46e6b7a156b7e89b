// pthread_cancel: of a thread that sleeps in a call, with clean-up handlers and with it disabled.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace {
int ends[2];
std::atomic<bool> sent{false};

void clean_up(void* name) { std::printf("clean-up of %s\n", static_cast<const char*>(name)); }

void* reader(void* name) {
  pthread_cleanup_push(clean_up, name);
  char byte;
  if (read(ends[0], &byte, 1) == 1) std::printf("read\n");
  pthread_cleanup_pop(0);
  return name;
}

void* reluctant(void* name) {
  int old;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
  pthread_cleanup_push(clean_up, name);
  while (!sent) usleep(100);
  std::printf("not yet\n");
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
  pthread_testcancel();
  pthread_cleanup_pop(0);
  return name;
}

bool cancelled(void* (*function)(void*), const char* name) {
  sent = false;
  pthread_t thread;
  pthread_create(&thread, nullptr, function, const_cast<char*>(name));
  usleep(300);
  pthread_cancel(thread);
  sent = true;
  void* result = nullptr;
  pthread_join(thread, &result);
  std::printf("%s cancelled %d\n", name, result == PTHREAD_CANCELED);
  return result == PTHREAD_CANCELED;
}
}  // namespace

int main() {
  if (pipe(ends) != 0) return 1;
  const bool both = cancelled(reader, "reader") && cancelled(reluctant, "reluctant");
  return !both;
}
