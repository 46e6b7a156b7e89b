// Where stubs come in and leave. The places below are fixed (abi.h). Head lies below 2 GiB, so that
// instructions can name it without a register.

#define STUB_RCX 0x70001020
#define PROGRAM_RSP 0x70001028
#define GOES_ON 0x70001030
#define LEAVE 0x70001060
#define STACK_TOP 0x70008000
// What enter pushes: struct Frame of inside.h.
#define FRAME (STACK_TOP - 16 * 8)
#define AFTER (FRAME + 11 * 8)
#define FLAGS (FRAME + 15 * 8)

// Saves the program's registers as struct Frame and goes to \handler, which does not return: it
// leaves to one of ttrace_agent_done, ttrace_agent_done_inside, ttrace_agent_undone and
// ttrace_agent_instruction_done.
        .macro enter handler
        mov     %rsp, PROGRAM_RSP
        mov     $STACK_TOP, %esp
        pushfq                  // from here on down: struct Frame
        push    %rdi
        push    %rsi
        push    %rdx
        push    %rcx            // two bytes from the program's instruction
        push    %rax
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        push    $0              // as if by a call
        jmp     \handler
        .endm

// What `enter` pushed, wherever the stack is now, but for the flags.
        .macro restore_registers
        mov     $FRAME, %esp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rax
        pop     %rcx
        pop     %rdx
        pop     %rsi
        pop     %rdi
        .endm

// To \target with the flags on the stack, or to the INT3 at \left first if that is asked for. A thread
// that is stopped behind the look at LEAVE, which was 0 then, is brought to the same instruction of the
// other way: both have the same shape (leaving() of abi.h).
        .macro way_out label, place, target, left
        .org    \place, 0xcc
\label:
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

        // The program's call, unless the thread is to leave: then it has not been made.
        .globl ttrace_agent_program_call
        .org    0x5, 0xcc
ttrace_agent_program_call:
        cmpq    $0, LEAVE
        jne     1f

        // The only system call of the agent, which goes on at rbx. A `ret` would take 50 ns: the kernel
        // leaves the CPU's stack of return addresses without an entry that is ours
        // (docs/decisions/0013).
        .globl ttrace_agent_system_call
        .org    0x10, 0xcc
ttrace_agent_system_call:
        syscall
        jmp     *%rbx
1:      jmp     ttrace_agent_undone

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
        jmp     enter_instruction

        // As way_out, with the flags as they are: most calls leave here, and POPF takes some 20
        // cycles on Intel's CPUs.
        .org    0x60, 0xcc
leave_done:
        mov     LEAVE, %rcx
        jrcxz   1f
        mov     AFTER, %rcx
        mov     PROGRAM_RSP, %rsp
        jmp     ttrace_agent_entry + 0x20
        .org    0x80, 0xcc
1:      mov     AFTER, %rcx
        mov     PROGRAM_RSP, %rsp
        jmp     *%rcx

        way_out leave_undone, 0xa0, GOES_ON, 0x30
        way_out leave_instruction, 0xd0, GOES_ON, 0x40
        way_out leave_done_by_popf, 0x100, %rcx, 0x20

        // Where the recorder is asked for room: goes on at rbx.
        .globl ttrace_agent_full
        .org    0x130, 0xcc
ttrace_agent_full:
        int3
        jmp     *%rbx

enter_call:
        enter   ttrace_agent_call

enter_instruction:
        enter   ttrace_agent_instruction

        .globl ttrace_agent_done
ttrace_agent_done:
        // Leaves an entry in the CPU's stack of return addresses. The program's `ret` takes it for its
        // own, which costs a misprediction; without any it costs 50 ns. (A call to the next few bytes
        // leaves none.)
        call    ttrace_agent_done_inside

        .globl ttrace_agent_undone
ttrace_agent_undone:
        restore_registers
        sub     $2, %rcx
        mov     %rcx, GOES_ON
        mov     STUB_RCX, %rcx
        jmp     leave_undone

        .globl ttrace_agent_instruction_done
ttrace_agent_instruction_done:
        restore_registers
        jmp     leave_instruction

        // As ttrace_agent_done, where no system call was made: the program's own entry is still there.
        .globl ttrace_agent_done_inside
ttrace_agent_done_inside:
        mov     FLAGS, %eax
        test    $~0xad7, %eax   // any but OF, SF, ZF, AF, PF, CF, and two that are always set
        jnz     1f
        mov     %eax, %ecx
        shr     $11, %ecx
        and     $1, %ecx
        add     $0x7f, %cl      // OF
        mov     %al, %ah
        sahf                    // the others
        restore_registers
        // As the kernel leaves them: rcx the next instruction, r11 the flags.
        mov     (%rsp), %r11
        jmp     leave_done
1:      restore_registers
        mov     (%rsp), %r11
        jmp     leave_done_by_popf

        .section .note.GNU-stack, "", @progbits
