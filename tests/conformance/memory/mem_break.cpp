// The program break grows and shrinks; memory that comes back is zero again.
#include <unistd.h>

#include "observe.h"

int main() {
  auto* start = static_cast<char*>(sbrk(0));
  OBSERVE(sbrk(1 << 20) == start);
  start[(1 << 20) - 1] = 'x';
  start[5] = 'y';
  OBSERVE(sbrk(-(1 << 19)) == start + (1 << 20));
  OBSERVE(sbrk(1 << 19) == start + (1 << 19));
  OBSERVE(start[(1 << 20) - 1] == 0 && start[5] == 'y');
  OBSERVE(brk(start) == 0 && sbrk(0) == start);
  OBSERVE(sbrk(3) == start && sbrk(0) == start + 3);  // not a whole page
  start[0] = 'z';
  std::printf("break at %p %c\n", static_cast<void*>(start), start[0]);
}
