// One thread: calls, a loop, recursion, memory that a system call writes, a repeated instruction.
#include <unistd.h>

#include <cstdio>
#include <cstring>

int total = 0;
int untouched = 7;
char buffer[16];
char filled[4096];
struct __attribute__((packed)) {
  char before;
  long unaligned;
} odd;
long large[3];

__attribute__((noinline)) int square(int n) {
  const int result = n * n;
  total += result;  // LINE add
  return result;
}

__attribute__((noinline)) int depth(int n) {
  if (n == 0) return 0;  // LINE depth
  return depth(n - 1) + 1;
}

__attribute__((noinline)) void fill() {
  void* to = filled;
  unsigned long count = sizeof filled;
  asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"('x') : "memory");  // LINE fill
}

int main() {
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    sum += square(i);  // LINE loop
  }
  const int deep = depth(5);  // LINE deep
  int ends[2];
  if (pipe(ends) != 0) return 1;
  if (write(ends[1], "hello", 5) != 5) return 1;
  if (read(ends[0], buffer, 5) != 5) return 1;  // LINE read
  odd.unaligned = 1;                            // LINE odd
  odd.unaligned = 2;
  large[2] = 5;  // LINE large
  fill();        // LINE call
  total = 1;     // LINE one
  std::printf("%d %d %c\n", sum, deep, filled[5]);
  return 0;  // LINE end
}
