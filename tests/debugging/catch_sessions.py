"""`catch syscall`: the begin and the end of recorded system calls, forwards and backwards."""

import harness

BACK = "-exec-continue --reverse"


def stops(reason, name, command="-exec-continue"):
    """One more stop at a system call."""
    return [("go", command), ("reason", reason), ("stopped", "syscall-name", name)]


def enters(name, command="-exec-continue"):
    return stops("syscall-entry", name, command)


def returns(name, command="-exec-continue"):
    return stops("syscall-return", name, command)


SESSIONS = [
    ("system calls by name", "calls", [
        ("run_to", "main"),
        ("catch", "syscall", "write"),
        *enters("write"),
        ("value", "$rdi", "1"),
        ("value", "$rdx", "7"),
        *returns("write"),
        ("value", "$rax", "7"),
        *enters("write"),
        *returns("write"),
        ("go",),
        ("event", "end"),
    ]),
    ("system calls backwards", "calls", [
        ("run_to", "#last"),
        ("catch", "syscall", "write"),
        *returns("write", BACK),
        ("value", "$rax", "7"),
        *enters("write", BACK),
        ("value", "$rdx", "7"),
        *returns("write"),
        *enters("write", BACK),
        ("go", BACK),
        ("event", "begin"),
    ]),
    ("system calls by number", "calls", [
        ("run_to", "main"),
        ("catch", "syscall", "39"),
        *enters("getpid"),
        ("fingerprint", "entry"),
        *returns("getpid"),
        ("process_is", "(int)$rax"),
        ("fingerprint", "return"),
        *enters("getpid", BACK),
        ("fingerprint_is", "entry"),
        *returns("getpid"),
        ("fingerprint_is", "return"),
    ]),
    ("several system calls, and breakpoints between them", "calls", [
        ("run_to", "#ready"),
        ("catch", "syscall", "getpid", "write"),
        ("break", "process"),
        *enters("write"),
        *returns("write"),
        ("go",),
        ("at", "process"),
        *enters("getpid"),
        *returns("getpid"),
        ("go", BACK),
        ("reason", "syscall-entry"),
        ("go", BACK),
        ("at", "process"),
    ]),
    ("every system call", "calls", [
        ("run_to", "process"),
        ("catch", "syscall"),
        *enters("getpid"),
        *returns("getpid"),
        *enters("getpid", BACK),
        ("clear",),
        ("run_to", "#last"),
    ]),
    ("a system call that waits", "family", [
        ("catch", "syscall", "wait4"),
        *enters("wait4"),
        ("fingerprint", "entry"),
        *returns("wait4"),
        ("value", "$rax > 0", "1"),
        ("fingerprint", "return"),
        *enters("wait4"),
        *returns("wait4", BACK),
        ("fingerprint_is", "return"),
        *enters("wait4", BACK),
        ("fingerprint_is", "entry"),
    ]),
    ("a process ends", "family", [
        ("catch", "syscall", "exit_group"),
        *enters("exit_group"),
        ("go",),
        ("event", "end"),
    ]),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
