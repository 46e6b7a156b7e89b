// rdtsc and rdtscp clear the upper halves of their outputs and leave all other registers alone.
#include "observe.h"

int main() {
  unsigned long rax = ~0ul, rdx = ~0ul, rcx = 0x1234567812345678, rbx = 7;
  asm volatile("rdtsc" : "+a"(rax), "+d"(rdx), "+c"(rcx), "+b"(rbx));
  OBSERVE(rax >> 32 == 0 && rdx >> 32 == 0);
  OBSERVE(rcx == 0x1234567812345678 && rbx == 7);
  std::printf("rdtsc %lx:%lx\n", rdx, rax);
  rax = rdx = rcx = ~0ul;
  asm volatile("rdtscp" : "+a"(rax), "+d"(rdx), "+c"(rcx), "+b"(rbx));
  OBSERVE(rax >> 32 == 0 && rdx >> 32 == 0 && rcx >> 32 == 0 && rbx == 7);
  std::printf("rdtscp %lx:%lx aux %lx\n", rdx, rax, rcx);
}
