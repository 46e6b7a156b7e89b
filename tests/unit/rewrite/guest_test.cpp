// Instructions for the tests of analyse_sites() to find in the test binary. Never executed.
asm(R"(
.text

.macro test_symbol name
.globl \name
.hidden \name
\name:
.endm

.macro test_function name
.type \name, @function
test_symbol \name
.endm

.macro every_register instruction
.irp r, %ax, %cx, %dx, %bx, %sp, %bp, %si, %di, %r8w, %r9w, %r10w, %r11w, %r12w, %r13w, %r14w, %r15w
  \instruction \r
.endr
.irp r, %eax, %ecx, %edx, %ebx, %esp, %ebp, %esi, %edi, %r8d, %r9d, %r10d, %r11d, %r12d, %r13d, %r14d, %r15d
  \instruction \r
.endr
.irp r, %rax, %rcx, %rdx, %rbx, %rsp, %rbp, %rsi, %rdi, %r8, %r9, %r10, %r11, %r12, %r13, %r14, %r15
  \instruction \r
.endr
.endm

# Every width and register, RDRAND first, then CPUID.
test_function ttrace_test_every_site
.cfi_startproc
  every_register rdrand
  every_register rdseed
  cpuid
  ret
.cfi_endproc
test_symbol ttrace_test_every_site_end
.size ttrace_test_every_site, . - ttrace_test_every_site

# The opcode bytes inside other instructions, then one real CPUID.
test_function ttrace_test_immediates
.cfi_startproc
  movl $0x0000a20f, %eax
  movl $0x00f0c70f, %eax
  movabsq $0xa20ff0c70fa20f00, %rax
  leaq 0x00f8c70f(%rax), %rax
  cmpxchg8b (%rax)
  .byte 0x0f, 0xc7, 0x30
  cpuid
  ret
.cfi_endproc
test_symbol ttrace_test_immediates_end
.size ttrace_test_immediates, . - ttrace_test_immediates

# The time-stamp counter: read twice, and its opcode bytes inside other instructions.
test_function ttrace_test_counter
.cfi_startproc
  rdtsc
  movl $0x0000310f, %eax
  movl $0x00f9010f, %eax
  rdtscp
  ret
.cfi_endproc
test_symbol ttrace_test_counter_end
.size ttrace_test_counter, . - ttrace_test_counter

# 06 is no instruction in 64-bit mode: what follows is not known to be code.
test_function ttrace_test_invalid
.cfi_startproc
  ret
  .byte 0x06
  cpuid
  ret
.cfi_endproc
test_symbol ttrace_test_invalid_end
.size ttrace_test_invalid, . - ttrace_test_invalid

# A branch into the middle of what reads as CPUID.
test_function ttrace_test_contradiction
.cfi_startproc
  jz 1f + 1
1:
  cpuid
  nop
  ret
.cfi_endproc
test_symbol ttrace_test_contradiction_end
.size ttrace_test_contradiction, . - ttrace_test_contradiction

# No unwind information, but a symbol.
test_function ttrace_test_symbol_only
  movl $0x0000a20f, %eax
  cpuid
  ret
test_symbol ttrace_test_symbol_only_end
.size ttrace_test_symbol_only, . - ttrace_test_symbol_only

# Neither.
  cpuid
  ret
test_symbol ttrace_test_nameless_end
)");
