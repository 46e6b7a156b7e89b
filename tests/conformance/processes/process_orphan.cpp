// A process whose parent ends first: it lives on with another parent and is heard through a pipe.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    const pid_t parent = getpid();
    if (fork() != 0) _exit(3);
    close(ends[0]);
    while (getppid() == parent) usleep(100);
    const char adopted = 'a';
    usleep(1000);
    _exit(write(ends[1], &adopted, 1) != 1);
  }
  close(ends[1]);
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child ended with %d\n", WEXITSTATUS(status));
  char heard = 0;
  const ssize_t size = read(ends[0], &heard, 1);
  std::printf("heard %c\n", heard);
  return size != 1 || heard != 'a' || read(ends[0], &heard, 1) != 0;
}
