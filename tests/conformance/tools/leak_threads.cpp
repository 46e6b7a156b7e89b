// Threads that outlive main() under AddressSanitizer: the leak check at the exit must find what
// they alone know, wherever they stand: asleep in the kernel, in a loop of their own, or in a lock.
// With "leak", one block is lost.
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "observe.h"

static sem_t ready;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile bool never;

struct Box {
  long number;
  Box* next;
};

static Box* make(long number) { return new Box{number, new Box{number + 1, nullptr}}; }

static void* in_read(void*) {
  Box* volatile box = make(10);
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  sem_post(&ready);
  char byte;
  (void)!read(ends[0], &byte, 1);
  return const_cast<Box*>(box);
}

static void* in_epoll(void*) {
  Box* volatile box = make(20);
  const int set = epoll_create1(0);
  sem_post(&ready);
  epoll_event event;
  while (epoll_wait(set, &event, 1, -1) < 0) OBSERVE(errno == EINTR);  // of a real attach
  return const_cast<Box*>(box);
}

static void* in_sleep(void*) {
  Box* volatile box = make(30);
  sem_post(&ready);
  const timespec long_time = {1000, 0};
  nanosleep(&long_time, nullptr);
  return const_cast<Box*>(box);
}

static void* in_condition(void*) {
  Box* volatile box = make(40);
  pthread_mutex_lock(&mutex);
  sem_post(&ready);
  while (!never) pthread_cond_wait(&condition, &mutex);
  return const_cast<Box*>(box);
}

static void* in_loop(void*) {
  Box* volatile box = make(50);
  sem_post(&ready);
  long turns = 0;
  while (!never) {
    turns += box->number;
    if (turns % 1000 == 0) sched_yield();
  }
  return const_cast<Box*>(box);
}

/// The only pointer is in a vector register while the thread sleeps.
static void* in_register(void*) {
  Box* box = make(60);
  sem_post(&ready);
  asm volatile(
      "movq %0, %%xmm15\n\t"
      "xor %0, %0\n\t"
      "mov $34, %%eax\n\t"  // pause
      "syscall\n\t"
      "movq %%xmm15, %0"
      : "+r"(box)
      :
      : "rax", "rcx", "r11", "xmm15", "memory");
  return box;
}

/// In a thread that has ended: main()'s stack keeps no copy of the pointer.
static void* leak(void*) {
  Box* volatile lost = make(70);
  lost->number = 71;
  return nullptr;
}

int main(int argc, char** argv) {
  const bool leaks = argc > 1 && std::strcmp(argv[1], "leak") == 0;
  OBSERVE(sem_init(&ready, 0, 0) == 0);
  void* (*const bodies[])(void*) = {in_read,      in_epoll,    in_sleep,
                                    in_condition, in_register, in_loop};
  // The report takes long; nothing shall compete with it.
  const int count = leaks ? 5 : 6;
  for (int i = 0; i < count; ++i) {
    pthread_t thread;
    OBSERVE(pthread_create(&thread, nullptr, bodies[i], nullptr) == 0);
    OBSERVE(pthread_detach(thread) == 0);
  }
  for (int i = 0; i < count; ++i) sem_wait(&ready);
  if (leaks) {
    pthread_t thread;
    OBSERVE(pthread_create(&thread, nullptr, leak, nullptr) == 0);
    OBSERVE(pthread_join(thread, nullptr) == 0);
  }
  std::puts("done");
}
