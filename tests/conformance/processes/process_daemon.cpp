// A child of another session outlives its parent, the program's first process, and writes later.
#include <unistd.h>

#include <cstdio>
#include <string_view>

int main() {
  const pid_t child = fork();
  if (child == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    usleep(3000);
    constexpr std::string_view text = "the daemon is done\n";
    _exit(write(1, text.data(), text.size()) != ssize_t(text.size()));
  }
  std::printf("main is done\n");
}
