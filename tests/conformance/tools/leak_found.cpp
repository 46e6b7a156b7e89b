// A test that leaks, under AddressSanitizer: the report at the exit, and its exit code.
#include <cstdio>

[[gnu::noinline]] void leak() {
  int* volatile lost = new int[10];
  lost[0] = 1;
  lost = nullptr;
}

/// No copy of a pointer shall be left below main()'s frame.
[[gnu::noinline]] void clear_stack() {
  volatile char room[8192];
  for (volatile char& c : room) c = 0;
}

int main() {
  for (int i = 0; i < 3; ++i) leak();
  clear_stack();
  std::puts("done");
}
