// POSIX semaphores: ping-pong between two threads, a wait with a limit, a trywait.
#include <semaphore.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <thread>

int main() {
  sem_t ping, pong;
  sem_init(&ping, 0, 0);
  sem_init(&pong, 0, 0);
  std::thread other([&] {
    for (int i = 0; i < 10; ++i) {
      sem_wait(&ping);
      std::printf("pong %d\n", i);
      sem_post(&pong);
    }
  });
  for (int i = 0; i < 10; ++i) {
    std::printf("ping %d\n", i);
    sem_post(&ping);
    sem_wait(&pong);
  }
  other.join();
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 1'000'000;
  if (until.tv_nsec >= 1'000'000'000) ++until.tv_sec, until.tv_nsec -= 1'000'000'000;
  const bool late = sem_timedwait(&ping, &until) == -1 && errno == ETIMEDOUT;
  const bool empty = sem_trywait(&ping) == -1 && errno == EAGAIN;
  std::printf("late %d empty %d\n", late, empty);
  return !late || !empty;
}
