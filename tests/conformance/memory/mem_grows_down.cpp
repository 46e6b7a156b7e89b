// A mapping that grows downwards by itself, as stacks do: page by page, from a call that writes
// there, up to the gap above its neighbour; a thread of clone runs on it.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  constexpr size_t kPage = 4096, kRoom = 256 * kPage * 4;
  auto* room = static_cast<char*>(
      mmap(nullptr, kRoom, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  OBSERVE(room != MAP_FAILED && munmap(room, kRoom) == 0);
  char* const end = room + kRoom;
  auto* stack = static_cast<char*>(
      mmap(end - kPage, kPage, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE, -1, 0));
  OBSERVE(stack == end - kPage);
  for (int i = 1; i <= 20; ++i) end[-i * long(kPage)] = char(i);
  int sum = 0;
  for (int i = 1; i <= 20; ++i) sum += end[-i * long(kPage)];
  std::printf("sum %d, between: %d\n", sum, end[-10 * long(kPage) + 5]);

  int ends[2];
  OBSERVE(pipe(ends) == 0 && write(ends[1], "hello", 5) == 5);
  const ssize_t got = read(ends[0], end - 30 * kPage, 5);
  std::printf("read %zd: %.5s\n", got, got == 5 ? end - 30 * kPage : "");

  const pid_t child = clone(
      [](void*) {
        volatile char deep[40 * kPage];
        deep[0] = 1;
        return deep[0] + 4;
      },
      end - 100, SIGCHLD, nullptr);
  int status = 0;
  OBSERVE(child > 0 && waitpid(child, &status, 0) == child);
  std::printf("child: %d\n", WEXITSTATUS(status));
  OBSERVE(munmap(end - 15 * kPage, 5 * kPage) == 0);
  std::printf("still there: %d\n", end[-20 * long(kPage)]);
}
