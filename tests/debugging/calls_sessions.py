"""Calls and changes: they work on a copy, and the replay is untouched."""

import harness

READY = [("run_to", "#ready"), ("up", "main")]
# To the end: what was recorded happens, whatever was done before.
UNTOUCHED = [
    ("run_to", "#last"),
    ("up", "main"),
    ("value", "counter", "53"),
    ("value", "account.balance", "12"),
    ("value", "name", '"ada"'),
    ("go",),
    ("event", "end"),
]


def calls(name, *steps):
    return (name, "calls", [*READY, ("fingerprint", "before"), *steps,
                            ("console", "ttrace drop"), ("fingerprint_is", "before"),
                            *UNTOUCHED])


SESSIONS = [
    calls("a function of C", ("value", "twice(21)", "42")),
    calls("floating point", ("value", "half(5)", "2.5")),
    calls("a member function", ("value", "account.entries()", "3")),
    calls("a member function that changes its object",
          ("value", "account.deposit(100)", "108"),
          ("value", "account.entries()", "4"),
          ("value", "account.history[3]", "100")),
    calls("a function that changes a global",
          ("value", "bump(5)", "15"), ("value", "counter", "15"), ("value", "bump(5)", "20")),
    calls("text as an argument", ("value", 'say("hello")', "5")),
    calls("output is shown", ("prints", 'call say("hello")', "said hello\n")),
    calls("memory is allocated", ("value", "allocate(100)", "100"),
          ("value", "allocate(300000)", "300000"),  # by mmap
          ("value", "allocate(100000)", "100000")),  # by brk
    calls("the process has its recorded number", ("process_is", "process()")),
    calls("another process is not made", ("value", "forks()", "38")),
    calls("errno", ("value", "*(int*)__errno_location()", "11"), ("value", "(int)errno", "11")),
    calls("random bits", ("value", "random_bits()", "1")),
    calls("the time stamp counter", ("value", "ticks_pass()", "1")),
    calls("a call that waits for a lock is given back", ("fails", "waits()"), ("at", "#ready"),
          ("value", "twice(1)", "2")),
    calls("a call that crashes is given back", ("fails", "crashes()"), ("value", "twice(1)", "2")),
    calls("a call that ends the process is given back", ("fails", "ends()"),
          ("value", "twice(1)", "2")),
    calls("a call that aborts is given back", ("fails", "aborts()"), ("value", "twice(1)", "2")),
    calls("a variable is set", ("value", "counter = 77", "77"), ("value", "counter", "77"),
          ("value", "bump(1)", "78")),
    calls("a local variable is set", ("value", "account.balance = -1", "-1"),
          ("value", "account.deposit(1)", "0")),
    calls("text is changed in place", ("value", "*(char*)name.c_str() = 'e'", "101 'e'"),
          ("value", "name", '"eda"')),
    calls("a register is set", ("value", "$rbx = 0x1234", "4660"), ("value", "$rbx", "4660")),
    calls("a vector register is set", ("value", "$xmm7.v4_int32[2] = 99", "99"),
          ("value", "$xmm7.v4_int32[2]", "99")),
    ("a breakpoint inside of what is called", "calls", [
        *READY,
        ("fingerprint", "before"),
        ("break", "#inside bump"),
        ("fails", "bump(2)"),
        ("wait_stop",),
        ("at", "#inside bump"),
        ("value", "by", "2"),
        ("go", "-exec-next"),
        ("value", "counter", "12"),
        ("clear",),
        ("go", "-exec-finish"),
        ("console", "ttrace drop"),
        ("fingerprint_is", "before"),
        *UNTOUCHED,
    ]),
    ("what is set is forgotten when the replay goes on", "calls", [
        *READY,
        ("value", "counter = 5", "5"),
        ("go", "-exec-next"),
        ("value", "counter", "10"),
        *UNTOUCHED,
    ]),
    ("calls in a thread", "calls", [
        ("run_to", "#in the worker"),
        ("fingerprint", "before"),
        ("value", "own", "40"),
        ("value", "twice(own)", "80"),
        ("value", "bump(own)", "50"),
        ("console", "ttrace drop"),
        ("fingerprint_is", "before"),
        *UNTOUCHED,
    ]),
    ("calls in another thread than the one that stopped", "calls", [
        ("run_to", "#in the worker"),
        ("thread", 1),
        ("value", "twice(3)", "6"),
        ("up", "main"),
        ("value", "account.deposit(1)", "9"),
        *UNTOUCHED,
    ]),
    ("a condition that calls", "calls", [
        ("break", "bump", "twice(by) == 2"),
        ("go",),
        ("at", "bump"),
        ("value", "by", "1"),
        ("clear",),
        *UNTOUCHED,
    ]),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
