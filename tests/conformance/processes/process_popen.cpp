// popen in both directions.
#include <sys/wait.h>

#include <cstdio>
#include <cstring>

int main() {
  char line[64] = {};
  FILE* reader = popen("echo from the child; exit 3", "r");
  if (!reader || !std::fgets(line, sizeof line, reader)) return 1;
  const int status = pclose(reader);
  std::printf("%sexit %d\n", line, WEXITSTATUS(status));
  std::fflush(stdout);
  FILE* writer = popen("cat", "w");
  if (!writer) return 1;
  std::fputs("through cat\n", writer);
  const int last = pclose(writer);
  return std::strcmp(line, "from the child\n") != 0 || WEXITSTATUS(status) != 3 || last != 0;
}
