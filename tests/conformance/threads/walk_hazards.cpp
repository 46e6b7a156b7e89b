// Instructions at which single steps could show or be miscounted: flags pushed and popped, repeated
// ones, system calls whose r11 keeps the flags, read-modify-writes, in threads that share memory.
#include <sys/syscall.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr std::uint64_t kTrapFlag = 0x100;

std::atomic<int> shown{0};
int shared_words[64];
int unlocked = 0;

std::uint64_t pushed_flags() {
  std::uint64_t flags = 0;
  asm volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
  return flags;
}

std::uint16_t pushed_short_flags() {
  std::uint16_t flags = 0;
  asm volatile("pushfw; popw %0" : "=r"(flags) : : "memory");
  return flags;
}

std::uint64_t flags_after_call() {
  std::uint64_t flags = 0;
  asm volatile("syscall; movq %%r11, %0" : "=r"(flags) : "a"(SYS_getppid) : "rcx", "r11", "memory");
  return flags;
}

void copy_repeatedly(char* to, const char* from, std::size_t size) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

void work(int number) {
  char from[40];
  char to[40];
  std::memset(from, 'a' + number, sizeof from);
  for (int turn = 0; turn < 12; ++turn) {
    if (pushed_flags() & kTrapFlag) ++shown;
    if (pushed_short_flags() & kTrapFlag) ++shown;
    if (flags_after_call() & kTrapFlag) ++shown;
    asm volatile("pushfq; popfq" : : : "memory", "cc");
    copy_repeatedly(to, from, sizeof to);
    if (std::memcmp(to, from, sizeof to) != 0) ++shown;
    copy_repeatedly(reinterpret_cast<char*>(shared_words), from, sizeof from);
    for (int i = 0; i < 4; ++i) {
      asm volatile("addl $1, %0" : "+m"(unlocked));
      asm volatile("lock addl $1, %0" : "+m"(shared_words[60 + number]));
    }
  }
}

}  // namespace

int main() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  // How many were lost is the schedule's doing, and must be the same in a replay.
  std::printf("unlocked %d, locked %d %d %d, mixed %.40s\n", unlocked, shared_words[60],
              shared_words[61], shared_words[62], reinterpret_cast<const char*>(shared_words));
  if (shown != 0)
    std::printf("a single step showed, or an instruction went wrong, %d times\n", shown.load());
  return shown == 0 && shared_words[60] == 48 ? 0 : 1;
}
