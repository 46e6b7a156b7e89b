// Scheduling policies and priorities of threads and processes, as far as this user may set them.
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  const auto show = [](const char* what, int error) {
    std::printf("%s: %s\n", what, error == 0 ? "done" : strerrorname_np(error));
  };
  const auto result = [](int value) { return value < 0 ? errno : 0; };
  sched_param parameters{};
  std::printf("policy %d, highest %d\n", sched_getscheduler(0), sched_get_priority_max(SCHED_FIFO));
  show("batch", result(sched_setscheduler(0, SCHED_BATCH, &parameters)));
  show("idle", result(sched_setscheduler(0, SCHED_IDLE, &parameters)));
  std::printf("policy %d\n", sched_getscheduler(0));
  show("other", result(sched_setscheduler(0, SCHED_OTHER, &parameters)));
  std::thread([&] {
    int policy = -1;
    OBSERVE(pthread_getschedparam(pthread_self(), &policy, &parameters) == 0);
    parameters.sched_priority = 5;
    const int error = pthread_setschedparam(pthread_self(), SCHED_RR, &parameters);
    show("round robin", error == EPERM ? 0 : error);
    if (error == 0) {
      timespec interval{};
      OBSERVE(sched_rr_get_interval(0, &interval) == 0);
    }
    struct {
      unsigned size, policy;
      unsigned long flags;
      int nice;
      unsigned priority;
      unsigned long runtime, deadline, period;
    } attributes{};
    OBSERVE(syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0);
    std::printf("attributes of %u bytes\n", attributes.size);
  }).join();
  errno = 0;
  std::printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  show("nicer", result(setpriority(PRIO_PROCESS, 0, 2)));
  std::printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
}
