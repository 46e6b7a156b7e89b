// The agent's code as the build linked it.
        .section .rodata
        .globl  ttrace_agent_code
        .globl  ttrace_agent_code_end
        .balign 16
ttrace_agent_code:
        .incbin TTRACE_AGENT_IMAGE
ttrace_agent_code_end:
        .byte   0
        .section .note.GNU-stack, "", @progbits
