// Where stubs come in and leave. The places below are fixed (abi.h). Head lies below 2 GiB, so that
// instructions can name it without a register.

#define STUB_RCX 0x70001020
#define PROGRAM_RSP 0x70001028
#define GOES_ON 0x70001030
#define LEAVE 0x70001060
#define STACK_TOP 0x70008000

// Saves the program's registers as struct Frame and calls \handler. Goes on behind it with all of
// them but for the flags as the handler left them, or to `undone`.
        .macro enter handler
        mov     %rsp, PROGRAM_RSP
        mov     $STACK_TOP, %esp
        pushfq
        push    %rcx            // behind the program's instruction
        push    %r15            // from here on up: struct Frame
        push    %r14
        push    %r13
        push    %r12
        push    %rbp
        push    %rbx
        push    %r11
        push    %r10
        push    %r9
        push    %r8
        push    %rdx
        push    %rsi
        push    %rdi
        push    %rax
        cld
        mov     %rsp, %rdi
        call    \handler
        test    %eax, %eax
        jz      undone
        restore_registers
        .endm

// What `enter` pushed, but for the flags.
        .macro restore_registers
        pop     %rax
        pop     %rdi
        pop     %rsi
        pop     %rdx
        pop     %r8
        pop     %r9
        pop     %r10
        pop     %r11
        pop     %rbx
        pop     %rbp
        pop     %r12
        pop     %r13
        pop     %r14
        pop     %r15
        pop     %rcx
        .endm

// To \target, or to the INT3 at \left first if that is asked for. A thread that is stopped behind the
// look at LEAVE, which was 0 then, is brought to the same instruction of the other way: both have the
// same shape (leaving() of abi.h).
        .macro way_out place, target, left
        .org    \place, 0xcc
        cmpq    $0, LEAVE
        jne     1f
        .org    \place + 0xb, 0xcc
        popfq
        mov     PROGRAM_RSP, %rsp
        jmp     *\target
        .org    \place + 0x1b, 0xcc
1:      popfq
        mov     PROGRAM_RSP, %rsp
        jmp     ttrace_agent_entry + \left
        .endm

        .section .entry, "ax"
        .globl ttrace_agent_entry
ttrace_agent_entry:
        jmp     enter_call

        // ttrace_agent_syscall(number, args): the only system call of the agent.
        .org    0x10, 0xcc
        syscall
        jmp     after_syscall

        .org    0x20, 0xcc
        int3
        jmp     *%rcx

        .org    0x30, 0xcc
        int3
        jmp     *GOES_ON

        .org    0x40, 0xcc
        int3
        jmp     *GOES_ON

        .org    0x50, 0xcc
        jmp     enter_cpuid

leave_done:
        way_out 0x60, %rcx, 0x20
leave_undone:
        way_out 0x90, GOES_ON, 0x30
leave_cpuid:
        way_out 0xc0, GOES_ON, 0x40

        .globl ttrace_agent_syscall
ttrace_agent_syscall:
        mov     %rdi, %rax
        mov     %rsi, %r11
        mov     (%r11), %rdi
        mov     8(%r11), %rsi
        mov     16(%r11), %rdx
        mov     24(%r11), %r10
        mov     32(%r11), %r8
        mov     40(%r11), %r9
        jmp     ttrace_agent_entry + 0x10
after_syscall:
        ret

enter_call:
        enter   ttrace_agent_call
        // As the kernel leaves them: rcx the next instruction, r11 the flags.
        mov     (%rsp), %r11
        jmp     leave_done

enter_cpuid:
        enter   ttrace_agent_cpuid
        jmp     leave_cpuid

undone:
        restore_registers
        sub     $2, %rcx        // SYSCALL and CPUID have two bytes
        mov     %rcx, GOES_ON
        mov     STUB_RCX, %rcx
        jmp     leave_undone

        .section .note.GNU-stack, "", @progbits
