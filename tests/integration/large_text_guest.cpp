// A program with 100 MB of text, as a statically linked test binary of a large project has: 40,000
// functions with a loop each, of which it calls some.
#include <cstdio>

// The loop's branch has no neighbour that could make room for a longer one; the NOPs are executed.
asm(R"(
.macro large_text_function
  .cfi_startproc
  mov %edi, %eax
1:
  dec %edi
  jnz 1b
  .fill 316, 8, 0x0000000000841f0f
  ret
  .cfi_endproc
.endm
.text
.globl large_text
.type large_text, @function
.p2align 4
large_text:
.rept 40000
  large_text_function
.endr
large_text_end:
)");

extern "C" const char large_text[];
extern "C" const char large_text_end[];

int main() {
  constexpr int kFunctions = 40000;
  const long size = (large_text_end - large_text) / kFunctions;
  long sum = 0;
  for (int i = 0; i < kFunctions; i += 100) {
    sum += reinterpret_cast<int (*)(int)>(large_text + i * size)(5);
  }
  std::printf("%ld\n", sum);
}
