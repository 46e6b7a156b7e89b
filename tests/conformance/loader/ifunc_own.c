/* IFUNCs: resolvers that ask cpuid, called by the loader before main, in the program and in
 * pointers. */
#include <cpuid.h>
#include <stdio.h>

static int slow(int x) { return x + 1; }
static int fast(int x) { return 1 + x; }
static int resolved;

__attribute__((used)) static int (*resolve(void))(int) {
  unsigned a, b, c, d;
  ++resolved;
  __cpuid(1, a, b, c, d);
  return c & bit_SSE4_2 ? fast : slow;
}
int add_one(int x) __attribute__((ifunc("resolve")));

int (*const pointer)(int) = add_one;

int main(void) {
  int sum = 0;
  for (int i = 0; i < 10; ++i) sum += add_one(i) + pointer(i);
  printf("sum %d, resolved %d\n", sum, resolved > 0);
  return 0;
}
