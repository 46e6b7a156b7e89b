// The first process ends while a child in the same group still waits for it in a pipe, and sees it.
#include <unistd.h>

#include <cstdio>
#include <string_view>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  if (fork() == 0) {
    close(ends[1]);
    char byte;
    const ssize_t size = read(ends[0], &byte, 1);
    constexpr std::string_view text = "the child saw the end\n";
    if (size == 0) (void)!write(1, text.data(), text.size());
    _exit(0);
  }
  std::printf("main is done\n");
}
