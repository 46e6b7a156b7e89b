// Memory that is protected and given back inside the process, and what else may lie where it was.
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "observe.h"
#include "temporary.h"

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kSize = 64 * kPage;
constexpr int kTimes = 20;

sigjmp_buf back;

void jump_back(int) { siglongjmp(back, 1); }

bool faults(volatile char* at, bool writes) {
  if (sigsetjmp(back, 1) != 0) return true;
  if (writes) {
    *at = 1;
  } else {
    const char byte = *at;
    (void)byte;
  }
  return false;
}

char* area(int protection) {
  void* const at = mmap(nullptr, kSize, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OBSERVE(at != MAP_FAILED);
  return static_cast<char*>(at);
}

bool protect(char* at, std::size_t size, int protection) {
  return mprotect(at, size, protection) == 0;
}

void protects_and_drops() {
  char* const memory = area(PROT_NONE);
  for (int i = 0; i < kTimes; ++i) {
    char* const page = memory + std::size_t(i) * kPage;
    OBSERVE(faults(page, false));
    OBSERVE(protect(page, 2 * kPage, PROT_READ | PROT_WRITE));
    std::memset(page, 'x', 2 * kPage);
    OBSERVE(protect(page, 1, PROT_READ));  // to the end of the page
    OBSERVE(faults(page + kPage - 1, true) && !faults(page, false) && page[0] == 'x');
    OBSERVE(!faults(page + kPage, true));
    OBSERVE(madvise(page, kPage, MADV_DONTNEED) == 0 && page[0] == 0 && page[kPage + 1] == 'x');
    OBSERVE(protect(page, 2 * kPage, PROT_NONE));
  }
  OBSERVE(munmap(memory, kSize) == 0);
  OBSERVE(mprotect(memory, kPage, PROT_READ) == -1 && errno == ENOMEM);
  OBSERVE(madvise(memory, kPage, MADV_DONTNEED) == -1 && errno == ENOMEM);
}

void wrong_arguments() {
  char* const memory = area(PROT_READ | PROT_WRITE);
  for (int i = 0; i < 3; ++i) {
    OBSERVE(mprotect(memory + 1, kPage, PROT_READ) == -1 && errno == EINVAL);
    OBSERVE(mprotect(memory, 0, PROT_READ) == 0 && !faults(memory, true));
    OBSERVE(mprotect(memory, ~std::size_t{0} - kPage, PROT_READ) == -1 && errno == ENOMEM);
    OBSERVE(madvise(memory + 1, kPage, MADV_DONTNEED) == -1 && errno == EINVAL);
    OBSERVE(madvise(memory, kPage, 12345) == -1 && errno == EINVAL);
  }
  // Up to a hole, which is changed in part.
  OBSERVE(munmap(memory + 2 * kPage, kPage) == 0);
  memory[kPage] = 'x';
  OBSERVE(madvise(memory, 4 * kPage, MADV_DONTNEED) == -1 && errno == ENOMEM && memory[kPage] == 0);
  OBSERVE(mprotect(memory, 4 * kPage, PROT_READ) == -1 && errno == ENOMEM && faults(memory, true));
}

/// A file and a larger piece take the place of such memory.
void something_else_there() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), kPage) == 0);
  file.write("file");
  char* const memory = area(PROT_READ | PROT_WRITE);
  std::memset(memory, 'x', kSize);
  char* const page = memory + 8 * kPage;
  OBSERVE(mmap(page, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file.fd(), 0) == page);
  const auto shows_the_file = [&](char* at) {
    for (const char* text : {"FILE", "more", "file"}) {
      at[0] = 'x';
      file.write(text);
      OBSERVE(madvise(at, kPage, MADV_DONTNEED) == 0 && std::memcmp(at, text, 4) == 0);
    }
  };
  shows_the_file(page);
  OBSERVE(madvise(memory + 9 * kPage, kPage, MADV_DONTNEED) == 0 && page[kPage] == 0);
  OBSERVE(protect(memory + 7 * kPage, 3 * kPage, PROT_READ) && faults(page, true));
  OBSERVE(protect(memory + 7 * kPage, 3 * kPage, PROT_READ | PROT_WRITE));
  char* const there = memory + 50 * kPage;
  OBSERVE(mremap(page, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, there) == there);
  shows_the_file(there);

  void* const moved = mremap(memory + 16 * kPage, 8 * kPage, 32 * kPage, MREMAP_MAYMOVE);
  OBSERVE(moved != MAP_FAILED && static_cast<char*>(moved)[8 * kPage] == 0);
  OBSERVE(mprotect(memory + 16 * kPage, kPage, PROT_READ) == -1 || moved == memory + 16 * kPage);
  OBSERVE(madvise(moved, kPage, MADV_DONTNEED) == 0 && *static_cast<char*>(moved) == 0);
}

/// What a system call may write, and then may not.
void a_clock_that_may_not_be_written() {
  char* const memory = area(PROT_READ | PROT_WRITE);
  auto* const now = reinterpret_cast<timespec*>(memory);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 700; ++i) OBSERVE(clock_gettime(CLOCK_MONOTONIC, now) == 0);
    OBSERVE(protect(memory, kPage, PROT_READ));
    const bool refused = sigsetjmp(back, 1) != 0 || clock_gettime(CLOCK_MONOTONIC, now) == -1;
    OBSERVE(refused && now->tv_nsec >= 0);
    OBSERVE(protect(memory, kPage, PROT_READ | PROT_WRITE));
  }
}

void of_a_child() {
  char* const memory = area(PROT_READ | PROT_WRITE);
  memory[0] = 'p';
  const pid_t child = fork();
  if (child == 0) {
    memory[0] = 'c';
    OBSERVE(madvise(memory, kPage, MADV_DONTNEED) == 0 && memory[0] == 0);
    OBSERVE(protect(memory, kPage, PROT_READ) && faults(memory, true));
    _exit(0);
  }
  int status = 0;
  OBSERVE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  OBSERVE(memory[0] == 'p' && !faults(memory, true));
}

/// The C library gives threads memory of their own, which it protects bit by bit.
void of_threads() {
  const auto allocate = [] {
    std::vector<char*> pieces;
    for (int i = 0; i < 1000; ++i) {
      pieces.push_back(static_cast<char*>(std::malloc(700)));
      std::memset(pieces.back(), i, 700);
    }
    for (int i = 0; i < 1000; ++i) {
      OBSERVE(pieces[std::size_t(i)][699] == char(i));
      std::free(pieces[std::size_t(i)]);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(allocate);
  for (std::thread& thread : threads) thread.join();
}

/// The last thing: the recorder trusts no text any more.
void code_there() {
  // mov $7, %eax; ret
  constexpr unsigned char kCode[] = {0xb8, 7, 0, 0, 0, 0xc3};
  char* const code = area(PROT_READ | PROT_WRITE);
  for (int i = 0; i < 3; ++i) {
    std::memcpy(code, kCode, sizeof kCode);
    OBSERVE(protect(code, kPage, PROT_READ | PROT_EXEC));
    OBSERVE(reinterpret_cast<int (*)()>(code)() == 7);
    OBSERVE(protect(code, kPage, PROT_READ | PROT_WRITE));
  }
}

}  // namespace

int main() {
  signal(SIGSEGV, jump_back);
  protects_and_drops();
  wrong_arguments();
  something_else_there();
  a_clock_that_may_not_be_written();
  of_a_child();
  of_threads();
  code_there();
}
