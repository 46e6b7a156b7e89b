// exec of a script with an interpreter line.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

int main() {
  constexpr std::string_view script = "#!/bin/sh -e\necho \"script got $1 $2\"\nexit 8\n";
  const int file = open("script", O_CREAT | O_WRONLY | O_TRUNC, 0755);
  if (file < 0 || write(file, script.data(), script.size()) != ssize_t(script.size())) return 1;
  close(file);
  const pid_t child = fork();
  if (child == 0) {
    execl("./script", "script", "a", "b c", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  unlink("script");
  std::printf("exit %d\n", WEXITSTATUS(status));
  return WEXITSTATUS(status) != 8;
}
