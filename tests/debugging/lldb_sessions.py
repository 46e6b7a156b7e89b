"""lldb goes forwards over the protocol (`gdb-remote`). Skipped, with the reason, where there is none."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import harness

SKIPPED = 77
NAMES = ["lldb-19", "lldb", "lldb-16", "lldb-14"]


def lldb():
    return next(filter(None, map(shutil.which, NAMES)), None)


def session(*steps):
    """Commands of lldb, each with a pattern that must come in what it prints, or none. WORKER+N in it is
    the line so far behind the marker "in the worker"."""
    def run(ttrace, guest):
        def line(match):
            return str(guest.line("in the worker") + int(match.group(1)))
        with tempfile.TemporaryDirectory(prefix="ttrace-session-") as directory, \
                harness.Server(ttrace, guest.trace, directory) as server:
            commands = [f"process connect --plugin gdb-remote unix-connect://{server.path}"] + [step[0] for step in steps]
            arguments = [text for command in commands for text in ("-o", command)]
            result = subprocess.run(
                [lldb(), "--no-lldbinit", "--batch", "--no-use-colors", *arguments, "-o", "detach",
                 guest.program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            shown = result.stdout
            for command, expected in steps:
                pattern = expected and re.sub(r"WORKER\+(\d)", line, expected)
                begin = shown.find("(lldb) " + command)
                if begin < 0:
                    raise harness.Wrong(f"lldb did not come to {command}:\n{shown}{result.stderr}")
                shown = shown[begin + len(command):]
                end = shown.find("\n(lldb) ")
                if pattern and not re.search(pattern, shown[:end]):
                    raise harness.Wrong(f"{command}: no {pattern!r} in\n{shown[:end]}")
    return run


SESSIONS = [
    ("breakpoints, steps, threads and variables", "calls", session(
        ("breakpoint set --name bump", r"where = calls`.*bump"),
        ("breakpoint set --name twice", r"where = calls`.*twice"),
        ("continue", r"stop reason = breakpoint 2\.1"),
        ("thread backtrace", r"frame #1: .*operator.*calls\.cpp:WORKER+1"),
        ("thread list", r"\* thread #2"),
        ("thread step-over", r"calls\.cpp:WORKER+1"),
        ("thread step-over", r"calls\.cpp:WORKER+2"),
        ("frame variable own", r"own = 42"),
        ("continue", r"stop reason = breakpoint 1\.1"),
        ("thread backtrace", r"frame #1: .*main"),
        ("thread step-out", r"calls`main"),
        ("expression counter", r"= 53"),
    )),
    ("a watchpoint", "calls", session(
        ("breakpoint set --name point", r"where = calls`.*point"),
        ("continue", r"stop reason = breakpoint"),
        ("breakpoint delete 1", None),
        ("watchpoint set variable counter", r"Watchpoint created"),
        ("continue", r"new value: 52"),
        ("continue", r"new value: 53"),
    )),
]

if __name__ == "__main__":
    if lldb() is None:
        print("skipped: no lldb is installed (looked for " + ", ".join(NAMES) + ")")
        sys.exit(SKIPPED)
    harness.main(SESSIONS)
