// Cases for --ttrace-rerun=fork: what a copy of a process can and cannot tell from the original.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

std::string asked(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// What a program has done before its first case: RERUN_INIT_MS of work, a file read in part.
struct Before {
  Before() {
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::milliseconds(std::atoi(asked("RERUN_INIT_MS").c_str()));
    while (std::chrono::steady_clock::now() < until) {
    }
    if (!asked("RERUN_FILE").empty()) {
      file = open(asked("RERUN_FILE").c_str(), O_RDWR | O_CLOEXEC);
      char first = 0;
      if (read(file, &first, 1) != 1 || first != 'a') std::abort();
    }
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex, &recursive);
  }
  pid_t pid = getpid();
  int file = -1;
  pthread_mutex_t mutex;
};
Before before;

void make_obstacle(const std::string& kind) {
  static std::atomic<bool> forever{true};
  if (kind == "thread")
    std::thread([] {
      while (forever) pause();
    }).detach();
  if (kind == "child" && fork() == 0) {
    pause();
    _exit(0);
  }
  if (kind == "zombie" && fork() == 0) _exit(0);
  int ends[2];
  if (kind == "pipe" && pipe(ends) != 0) std::abort();
  if (kind == "socket") socket(AF_UNIX, SOCK_STREAM, 0);
  if (kind == "epoll") epoll_create1(0);
  if (kind == "eventfd") eventfd(0, 0);
  if (kind == "nameless") {
    char path[] = "/tmp/rerun-XXXXXX";
    if (mkstemp(path) < 0) std::abort();
    unlink(path);
  }
  if (kind == "lock") flock(before.file, LOCK_EX);
  if (kind == "shared") {
    mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  }
  if (kind == "itimer") {
    const itimerval hour{{0, 0}, {3600, 0}};
    setitimer(ITIMER_REAL, &hour, nullptr);
  }
  if (kind == "timer") {
    timer_t timer;
    timer_create(CLOCK_MONOTONIC, nullptr, &timer);
  }
  if (kind == "signal") {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &one, nullptr);
    raise(SIGUSR1);
  }
}

class Obstacle : public ::testing::Environment {
 public:
  void SetUp() override { make_obstacle(asked("RERUN_OBSTACLE")); }
};
const ::testing::Environment* const obstacle =
    ::testing::AddGlobalTestEnvironment(new Obstacle);  // GoogleTest owns it

volatile sig_atomic_t handled = 0;

TEST(Copy, KnowsItsOwnNumber) {
  ASSERT_EQ(getpid(), gettid());
  signal(SIGUSR1, [](int) { handled = handled + 1; });
  ASSERT_EQ(raise(SIGUSR1), 0);
  ASSERT_EQ(kill(getpid(), SIGUSR1), 0);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGUSR1), 0);
  ASSERT_EQ(handled, 3);
  ASSERT_EQ(pthread_mutex_lock(&before.mutex), 0);
  ASSERT_EQ(pthread_mutex_lock(&before.mutex), 0);
  int other = 0;
  std::thread([&] { other = pthread_mutex_trylock(&before.mutex); }).join();
  ASSERT_EQ(other, EBUSY);
  clockid_t own_clock;  // named by the number that the C library keeps for this thread
  timespec time;
  ASSERT_EQ(pthread_getcpuclockid(pthread_self(), &own_clock), 0);
  ASSERT_EQ(clock_gettime(own_clock, &time), 0);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) _exit(getppid() == parent ? 3 : 4);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 3);
  ASSERT_EQ(waitpid(-1, &status, 0), -1);
}

TEST(Copy, ReadsOnWhereTheProgramStopped) {
  char next = 0;
  ASSERT_EQ(read(before.file, &next, 1), 1);
  ASSERT_EQ(next, 'b');
  ASSERT_EQ(write(before.file, "c", 1), 1);
  ASSERT_EQ(lseek(before.file, 0, SEEK_CUR), 3);
}

TEST(Copy, StartsWithTheSameMemory) {
  static int runs = 0;
  ASSERT_EQ(++runs, 1);
}

TEST(Fails, NowAndThen) {
  std::atomic<int> value{0};
  const auto increment = [&value] {
    for (int i = 0; i < 5; ++i) value = value + 1;
  };
  std::thread one(increment), two(increment);
  one.join();
  two.join();
  ASSERT_EQ(value, 10);
}

TEST(Fails, ByAbort) { std::abort(); }

TEST(Fails, ByRaise) { raise(SIGSEGV); }

TEST(Fails, ByExit) { _exit(7); }

TEST(Fails, ByHanging) {
  while (true) pause();
}

TEST(Fails, WithOrphans) {
  for (int i = 0; i < 3; ++i) {
    if (fork() == 0) {
      while (true) pause();
    }
  }
  FAIL() << "its children are left";
}

TEST(Kills, TheProgramThatItIsACopyOf) {
  if (before.pid != getpid()) kill(before.pid, SIGKILL);
}

TEST(Nothing, Passes) {}

}  // namespace
