// Loops in assembly, each between two getppid, whose ticks arithmetic tells; prints how many each
// has. tests/integration/tick_exact_test.py compares that with the recording.
#include <cstdio>

extern "C" void tick_exact_loops();

// The bodies of the loops are long, so that none is copied and counted once in several turns.
asm(R"(
  .macro mark
    movl $110, %eax   # getppid
    syscall
  .endm
  .macro body
    .rept 140
      nop
    .endr
  .endm

  .text
  .type tick_exact_descend, @function
tick_exact_descend:
  .cfi_startproc
  decl %edx
  jz 1f
  call tick_exact_descend
1: ret
  .cfi_endproc
  .size tick_exact_descend, . - tick_exact_descend

  .type tick_exact_short, @function
tick_exact_short:
  .cfi_startproc
1: decl %edx
  jnz 1b
  ret
  .cfi_endproc
  .size tick_exact_short, . - tick_exact_short
  .skip 16, 0xcc      # padding, where its branch finds room

  .globl tick_exact_loops
  .type tick_exact_loops, @function
tick_exact_loops:
  .cfi_startproc
  mark
  movl $1000, %edx    # closed by a branch
1: body
  decl %edx
  jnz 1b
  mark
  movl $500, %edx     # closed by a jump
2: body
  decl %edx
  jz 3f
  jmp 2b
3: mark
  movl $10, %esi      # one in the other
4: movl $100, %edx
5: body
  decl %edx
  jnz 5b
  body
  decl %esi
  jnz 4b
  mark
  movl $50, %edx      # recursion
  call tick_exact_descend
  mark
  movl $1001, %edx    # short: copied 8 times
  call tick_exact_short
  mark
  mark                # nothing
  ret
  .cfi_endproc
  .size tick_exact_loops, . - tick_exact_loops
)");

int main() {
  tick_exact_loops();
  constexpr int kDescent = 1 + 49;      // the call from below and those of itself
  constexpr int kShort = 1 + 1000 / 8;  // and the call
  std::printf("%d %d %d %d %d %d\n", 999, 499, 10 * 99 + 9, kDescent, kShort, 0);
}
