// sigwait, sigwaitinfo and sigtimedwait: signals taken without a handler, and a wait that times
// out.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <thread>

int main() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const timespec limit = {0, 1'000'000};
  siginfo_t info = {};
  const bool late = sigtimedwait(&set, &info, &limit) == -1 && errno == EAGAIN;

  sigval value;
  value.sival_int = 77;
  sigqueue(getpid(), SIGRTMIN, value);
  const int queued = sigtimedwait(&set, &info, &limit);
  const bool has_value = info.si_code == SI_QUEUE && info.si_value.sival_int == 77;

  const pid_t pid = getpid();
  std::thread other([pid] {
    usleep(500);
    kill(pid, SIGUSR1);
  });
  info = {};
  const int user = sigwaitinfo(&set, &info);
  other.join();
  const bool has_sender = info.si_code == SI_USER && info.si_pid == pid;
  raise(SIGUSR1);
  int waited = 0;
  sigwait(&set, &waited);
  std::printf("late %d; %d value %d; %d sender %d; %d\n", late, queued == SIGRTMIN, has_value, user,
              has_sender, waited);
  return !late || queued != SIGRTMIN || !has_value || user != SIGUSR1 || !has_sender ||
         waited != SIGUSR1;
}
