// A child that writes memory of its own and memory that both share, then a new program.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

int own = 0;
int* common = nullptr;

int main(int argc, char** argv) {
  if (argc > 1) {
    own = 50;  // LINE again
    return 0;
  }
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  common = static_cast<int*>(memory);
  own = 1;
  *common = 1;  // LINE before
  const pid_t child = fork();
  if (child == 0) {
    own = 2;
    *common = 2;
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  own += 10;      // LINE waited
  *common += 10;  // LINE shared
  execl(argv[0], argv[0], "again", nullptr);
  return 1;
}
