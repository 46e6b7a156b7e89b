// A test that leaks, under AddressSanitizer: the report at the exit, and its exit code.
#include <cstdio>

[[gnu::noinline]] void leak() {
  int* volatile lost = new int[10];
  lost[0] = 1;
  lost = nullptr;
}

int main() {
  for (int i = 0; i < 3; ++i) leak();
  std::puts("done");
}
