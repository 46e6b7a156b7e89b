// Reading and refusing to set the time: adjtimex, settimeofday, clock_settime without the right,
// time zones, leap of the coarse clock.
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

int main() {
  timex state{};
  const int result = adjtimex(&state);
  std::printf("adjtimex %d, tick %ld, frequency %ld, error %ld\n", result, state.tick, state.freq,
              state.maxerror);
  timespec wrong = {-5, 0};
  OBSERVE(clock_settime(CLOCK_REALTIME, &wrong) == -1);
  OBSERVE(clock_settime(CLOCK_MONOTONIC, &wrong) == -1);
  for (const char* zone : {"UTC", "America/New_York", ":Asia/Kolkata", "XYZ-3", "nonsense"}) {
    setenv("TZ", zone, 1);
    tzset();
    const time_t now = 1'600'000'000;
    char text[64];
    tm parts{};
    strftime(text, sizeof text, "%F %T %Z", localtime_r(&now, &parts));
    std::printf("%s\n", text);
  }
  timeval time{};
  struct timezone zone {};
  OBSERVE(gettimeofday(&time, &zone) == 0);
  std::printf("%ld.%06ld\n", time.tv_sec, time.tv_usec);
}
