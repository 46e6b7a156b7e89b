// More memory than debug registers can watch: written by code, by repeated instructions and by
// system calls; private, shared, and on the stack.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

long row[40];
struct __attribute__((packed)) {
  char before;
  char text[101];
} odd;
int one, two, three, four, five, six;
int beside = 0;
char* page;
char* common;

__attribute__((noinline)) void receive(void* into, const char* text) {
  int ends[2];
  if (pipe(ends) != 0) return;
  if (write(ends[1], text, std::strlen(text)) < 0) return;
  if (read(ends[0], into, std::strlen(text)) < 0) return;  // LINE receive
  close(ends[0]);
  close(ends[1]);
}

__attribute__((noinline)) void copy(void* to, const void* from, unsigned long count) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");  // LINE copy
}

__attribute__((noinline)) int on_stack(int turns) {
  volatile long values[60];
  for (int i = 0; i < 60; ++i) values[i] = i;
  long sum = 0;
  for (int i = 0; i < turns; ++i) sum += values[i % 60];  // LINE ready
  values[41] = sum;                                       // LINE sum
  return int(values[41] & 0xff);
}

int main() {
  for (int i = 0; i < 2000; ++i) beside += i & 1;  // the same page, often
  row[3] = 1;                                      // LINE first
  row[39] = 2;                                     // LINE second
  row[39] = 2;                                     // the same again: no change
  receive(&row[10], "0123");
  std::memset(&odd, 0, sizeof odd);
  odd.text[100] = 'x';  // LINE odd
  copy(odd.text + 2, "some text", 9);
  one = 1;
  two = 2;
  three = 3;
  four = 4;
  five = 5;  // LINE five
  six = 6;   // LINE six
  constexpr unsigned long kSize = 8192;
  page = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  common = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (page == MAP_FAILED || common == MAP_FAILED) return 1;
  page[4090] = 'a';                  // LINE mapped
  mprotect(page, kSize, PROT_READ);  // LINE readonly
  mprotect(page, kSize, PROT_READ | PROT_WRITE);
  receive(page + 4094, "over");
  page[4100] = 'b';  // LINE writable
  common[60] = 'c';  // LINE common
  receive(common + 70, "shared");
  const int sum = on_stack(3000);
  std::printf("%d %ld %d\n", beside, row[39], sum);
  return 0;  // LINE end
}
