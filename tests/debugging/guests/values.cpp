// What a debugger shows besides integers in memory: vector registers, thread-local variables, what
// a signal brought, what a system call returned, containers of the standard library.
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

thread_local int own_number = 7;
thread_local std::string own_text;
volatile int sink;

__attribute__((noinline)) void point() { asm volatile("" ::: "memory"); }

__attribute__((noinline)) void vectors() {
  alignas(32) static const float lanes[8] = {1.5F, 2, 3, 4, 5, 6, 7, 8};
  if (__builtin_cpu_supports("avx")) {
    asm volatile(
        "vmovaps %0, %%ymm9\n"
        ".globl vectors_loaded\n"
        "vectors_loaded: nop\n"
        "vzeroupper" ::"m"(lanes)
        : "xmm9");
  }
  asm volatile(
      "movaps %0, %%xmm3\n"
      "fld1\n"
      ".globl floats_loaded\n"
      "floats_loaded: nop\n"
      "fstp %%st(0)" ::"m"(lanes)
      : "xmm3");
}

__attribute__((noinline)) void thread_work(int number) {
  own_number = number;
  own_text = "thread " + std::to_string(number);
  errno = 100 + number;
  point();  // in a thread
  sink = own_number;
}

void on_signal(int, siginfo_t* info, void*) { sink = info->si_value.sival_int; }

__attribute__((noinline)) void signals() {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  sigval value{};
  value.sival_int = 4711;
  sigqueue(getpid(), SIGUSR1, value);
}

__attribute__((noinline)) std::size_t containers() {
  std::vector<int> numbers{3, 1, 4, 1, 5};
  std::map<std::string, int> ages{{"ada", 36}, {"alan", 41}};
  std::string name = "a name that is too long for the small buffer";
  point();  // containers
  return numbers.size() + ages.size() + name.size();
}

__attribute__((noinline)) void calls() {
  const long pid = getpid();
  const long none = close(-1);
  sink = pid > 0 && none < 0;
}

}  // namespace

int main() {
  setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  own_text = "main";
  errno = 5;
  vectors();
  std::thread worker(thread_work, 1);
  worker.join();
  point();  // after the thread
  signals();
  containers();
  calls();
  std::printf("sink %d\n", int(sink));
  std::fprintf(stderr, "to the other stream\n");
  return 3;
}
