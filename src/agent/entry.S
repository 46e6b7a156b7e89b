// Where stubs come in and leave. The places below are fixed (abi.h). Head lies below 2 GiB, so that
// instructions can name it without a register.

#define STUB_RCX 0x70001020
#define PROGRAM_RSP 0x70001028
#define GOES_ON 0x70001030
#define LEAVE 0x70001060
#define STACK_TOP 0x70008000
// What enter pushes: struct Frame of agent.cpp.
#define FRAME (STACK_TOP - 16 * 8)

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

        .section .entry, "ax"
        .globl ttrace_agent_entry
ttrace_agent_entry:
        jmp     enter

        // The only system call of the agent, which goes on at rbx. A `ret` would take 50 ns: the kernel
        // leaves the CPU's stack of return addresses without an entry that is ours
        // (docs/decisions/0013).
        .globl ttrace_agent_system_call
        .org    0x10, 0xcc
ttrace_agent_system_call:
        syscall
        jmp     *%rbx

        .org    0x20, 0xcc
        int3
        jmp     *%rcx

        .org    0x30, 0xcc
        int3
        jmp     *GOES_ON

enter:
        mov     %rsp, PROGRAM_RSP
        mov     $STACK_TOP, %esp
        pushfq
        push    %rcx            // behind the program's system call instruction
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
        push    $0              // as if by a call
        jmp     ttrace_agent_call

        // Both: the registers are those of the frame, wherever the stack is.
        .globl ttrace_agent_done
ttrace_agent_done:
        // Leaves an entry in the CPU's stack of return addresses. The program's `ret` takes it for its
        // own, which costs a misprediction; without any it costs 50 ns. (A call to the next few bytes
        // leaves none.)
        call    made

        .globl ttrace_agent_undone
ttrace_agent_undone:
        mov     $FRAME, %esp
        restore_registers
        sub     $2, %rcx
        mov     %rcx, GOES_ON
        mov     STUB_RCX, %rcx
        cmpq    $0, LEAVE
        jne     1f
        popfq
        mov     PROGRAM_RSP, %rsp
        jmp     *GOES_ON
1:      popfq
        mov     PROGRAM_RSP, %rsp
        jmp     ttrace_agent_entry + 0x30

made:
        mov     $FRAME, %esp
        // As the kernel leaves them: rcx the next instruction, r11 the flags.
        restore_registers
        mov     (%rsp), %r11
        cmpq    $0, LEAVE
        jne     1f
        popfq
        mov     PROGRAM_RSP, %rsp
        jmp     *%rcx
1:      popfq
        mov     PROGRAM_RSP, %rsp
        jmp     ttrace_agent_entry + 0x20

        .section .note.GNU-stack, "", @progbits
