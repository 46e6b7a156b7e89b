"""Machines that refuse something: one line that names it, exit code 2, no test result lost."""

import os
import resource
import shutil
import signal
import struct

from robustness_common import (Skipped, as_nobody, check, contents, in_tmpfs, main, needs,
                               require, require_refused)

UNTIL_FAIL = "--ttrace-until-fail=3"


def told_at_the_end(result, *names, what=""):
    """A hunt that could not keep its failure: the failure is told, the reason is one line."""
    output = (result.stdout + result.stderr).decode(errors="replace")
    require(result.returncode == 2, f"{what}: exit code is not 2", result)
    require("Parser.KnowsHelp" in output and "exited early" in output,
            f"{what}: the test's result is lost", result)
    about = [line for line in output.splitlines() if all(name in line for name in names)]
    require(len(about) == 1, f"{what}: not one line about {names} but {len(about)}", result)
    return about[0].strip()


@check
def directory_below_a_file(place):
    with open(place.path("file"), "w", encoding="utf-8") as file:
        file.write("kept")
    for where in "file", "file/traces", "file/a/b/c":
        line = require_refused(place.run(place.example("early_exit"), UNTIL_FAIL,
                                         f"--ttrace-dir={where}"), "file", "--ttrace-dir")
        require_refused(place.tool("record", f"--dir={where}", "--", "/bin/true"), "file")
        require_refused(place.tool("record", "-o", f"{where}/x.ttrace", "--", "/bin/true"), "file")
        require_refused(place.tool("ls", where), "file")
    require(contents(place.path("file")) == b"kept", "the file was changed")
    place.require_clean({"file"})
    return line


@check
def directory_without_the_right_to_write(place):
    nobody = as_nobody(place)
    os.mkdir(place.path("closed"), 0o555)
    os.mkdir(place.path("secret"), 0o000)
    for where in "closed", "closed/traces", "secret/traces":
        where = place.path(where)
        line = require_refused(place.run(*nobody, place.example("early_exit"), UNTIL_FAIL,
                                         f"--ttrace-dir={where}"), where)
        require_refused(place.run(*nobody, place.ttrace, "record", f"--dir={where}", "--",
                                  "/bin/true"), where)
    os.chmod(place.path("secret"), 0o700)
    place.require_clean({"closed", "secret"})
    return line


@check
def directory_on_a_read_only_file_system(place):
    for where in "/proc/ttrace", "/sys/ttrace":
        result = place.run(place.example("early_exit"), UNTIL_FAIL, f"--ttrace-dir={where}")
        if result.stdout:  # what access(2) allows may fail all the same
            line = told_at_the_end(result, where)
        else:
            line = require_refused(result, where)
    return line


@check
def directory_with_an_odd_name(place):
    """Names that need care are no reason to fail."""
    for where in "with space", "-dash", "Ünïcode", "quote'\"", "new\nline", "a/b/../c", "%s%n":
        result = place.run(place.example("early_exit"), UNTIL_FAIL, f"--ttrace-dir={where}")
        require(result.returncode == 1 and b"replay verified" in result.stdout + result.stderr,
                f"{where!r}", result)
        result = place.tool("ls", f"--dir={where}")
        require(result.returncode == 0 and b"Parser.KnowsHelp-1.ttrace" in result.stdout,
                f"ls of {where!r}", result)


@check
def store_is_a_file(place):
    """The trace directory is fine, but its store of objects cannot be one."""
    os.mkdir(place.store)
    with open(os.path.join(place.store, "objects"), "w", encoding="utf-8"):
        pass
    result = place.run(place.example("early_exit"), UNTIL_FAIL)
    line = told_at_the_end(result, "objects")
    require(set(os.listdir(place.store)) == {"objects", "hunts"}, "files were left behind", result)
    return line


@check
def full_disk(place):
    result, left = in_tmpfs(place, "64k", place.example("early_exit"), UNTIL_FAIL)
    line = told_at_the_end(result, "No space left")
    require(not left, f"files were left behind: {left}", result)
    result, left = in_tmpfs(place, "64k", place.ttrace, "record", "--", "echo", "hello")
    require(result.returncode == 2 and result.stdout == b"hello\n", "record", result)
    require(len(result.stderr.splitlines()) == 1 and b"No space left" in result.stderr,
            "record: not one line", result)
    require(not left, f"files were left behind: {left}", result)
    return line


@check
def disk_that_fills_up_later(place):
    """Sizes at which some objects, or all objects but not the trace, find room."""
    kept = 0
    for size in "600k", "1200k", "2500k", "5000k", "5800k", "6000k", "20000k":
        result, left = in_tmpfs(place, size, place.example("early_exit"), UNTIL_FAIL)
        if result.returncode == 1:
            kept += 1
            continue
        told_at_the_end(result, "No space left", what=size)
        bad = [name for name in left if "objects/" not in name or os.path.basename(name)[0] == "."]
        require(not bad, f"{size}: files were left behind: {bad}", result)
    require(kept, "not even 20 MB are enough")
    return f"{kept} sizes were enough"


@check
def file_size_limit(place):
    """ulimit -f: SIGXFSZ must not end the supervisor."""
    line = None
    # Through a pipe, as our own files would be too large as well.
    script = 'set -o pipefail; (ulimit -f "$1"; shift; exec "$@") 2>&1 | cat'
    for blocks in "0", "1", "100":
        result = place.run("bash", "-c", script, "bash", blocks, place.example("early_exit"),
                           UNTIL_FAIL)
        if b"SIGXFSZ" in result.stdout:  # the program itself has no room for its list of cases
            require(result.returncode == 2 and len(result.stdout.splitlines()) == 1,
                    f"ulimit -f {blocks}", result)
        else:
            line = told_at_the_end(result, "File too large", what=f"ulimit -f {blocks}")
        result = place.run("bash", "-c", script, "bash", blocks, place.ttrace, "record", "--",
                           "echo", "hello")
        require(result.returncode == 2 and (b"File too large" in result.stdout or
                                            b"ulimit -f" in result.stdout),
                f"record, ulimit -f {blocks}", result)
        place.require_clean()
    return line


def denied(place, names, *command):
    return place.run(place.guest("robustness_deny"), names, *command)


def refused_by_filter(place, name, *says):
    for command in ((place.example("early_exit"), UNTIL_FAIL),
                    (place.ttrace, "record", "--", "/bin/true")):
        line = require_refused(denied(place, name, *command), *says, what=name, progress=True)
    require(not os.path.exists(place.store), "something was kept")
    place.require_clean()
    return line


@check
def ptrace_denied(place):
    line = refused_by_filter(place, "ptrace", "ptrace", "SYS_PTRACE")
    trace = place.record("/bin/true")
    for command in (("replay", "--autopilot", trace), ("replay", "--batch", trace),
                    ("verify", "--replay", trace)):
        require_refused(denied(place, "ptrace", place.ttrace, *command), "ptrace",
                        what=" ".join(command))
    place.require_clean({"recorded.ttrace", "objects"})
    return line


@check
def seccomp_denied(place):
    return refused_by_filter(place, "seccomp", "seccomp")


@check
def time_stamp_control_denied(place):
    return refused_by_filter(place, "prctl", "prctl")


@check
def niceties_denied(place):
    """What ttrace can do without, or must name."""
    for name in ("personality", "sched_setaffinity", "memfd_create", "pidfd_open", "kcmp",
                 "process_vm_readv", "process_vm_writev", "setpgid", "timer_create",
                 "process_vm_readv,process_vm_writev"):
        result = denied(place, name, place.example("early_exit"), UNTIL_FAIL)
        if result.returncode != 1:
            require_refused(result, what=name, progress=True)
        else:
            require(b"replay verified" in result.stdout + result.stderr, name, result)
        place.require_clean()


@check
def attempts_below_another_tracer(place):
    """A program that is traced already cannot be traced again; ttrace itself can be traced."""
    needs("strace")
    result = place.run("strace", "-f", "-o", "/dev/null", place.example("early_exit"), UNTIL_FAIL)
    require_refused(result, "ptrace", progress=True)
    place.require_clean()


@check
def recorder_below_the_recorder(place):
    """A ttrace that is recorded is refused by name, or works; it does not hang."""
    result = place.tool("record", "-o", "outer.ttrace", "--", place.ttrace, "record", "-o",
                        "inner.ttrace", "--", "/bin/true")
    require(result.returncode == 2, "exit code", result)
    require(b"ptrace" in result.stderr or b"not recordable" in result.stderr, "reason", result)


@check
def programs_that_cannot_be_executed(place):
    os.mkdir(place.path("directory"))
    texts = {"text": b"no program\n", "script": b"#!/nowhere/interpreter\n",
             "loop": b"#!" + place.path("loop").encode() + b"\n", "empty": b"",
             "noexec": b"#!/bin/sh\n"}
    elf = bytearray(contents(place.example("early_exit"))[:4096])
    other = bytearray(elf)
    struct.pack_into("<H", other, 18, 183)  # EM_AARCH64
    texts["aarch64"] = bytes(other)
    other = bytearray(elf)
    other[4] = 1  # ELFCLASS32
    struct.pack_into("<H", other, 18, 3)  # EM_386
    texts["i386"] = bytes(other)
    texts["cut"] = bytes(elf[:70])
    texts["nointerp"] = contents(place.example("early_exit")).replace(
        b"/lib64/ld-linux-x86-64.so.2", b"/lib64/no-linux-x86-64.so.2")
    for name, text in texts.items():
        with open(place.path(name), "wb") as file:
            file.write(text)
        os.chmod(place.path(name), 0o644 if name == "noexec" else 0o755)
    for name in ["nowhere", "directory", *texts]:
        result = place.tool("record", "--", "./" + name)
        if name in ("text", "empty") and result.returncode == 0:
            continue  # like a shell, which would run it as a script
        require_refused(result, name, what=f"record {name}")
        require_refused(place.tool("until-fail", "--", "./" + name), name, what=f"hunt {name}",
                        progress=True)
    require_refused(place.tool("record", "--", "no-such-program"), "no-such-program", "PATH")
    require_refused(place.tool("record", "--", ""), "program")
    require_refused(place.tool("record", "--", "x" * 5000), "xxx")
    require_refused(place.tool("record", "--", "/dev/null"), "/dev/null")
    require(not os.path.exists(place.store), "something was kept")
    place.require_clean({"directory", *texts})


@check
def a_32_bit_program(place):
    needs("gcc")
    with open(place.path("main.c"), "w", encoding="utf-8") as file:
        file.write("void _start(void) { for (;;) __asm__ volatile(\"int $0x80\" : : "
                   "\"a\"(1), \"b\"(0)); }\n")
    built = place.run("gcc", "-m32", "-nostdlib", "-static", "-o", "small", "main.c")
    if built.returncode != 0:
        raise Skipped("gcc makes no 32-bit programs here")
    line = require_refused(place.tool("record", "--", "./small"), "small", "x86-64")
    # Executed by a program that is recorded.
    result = place.tool("record", "--", "sh", "-c", "./small; echo after")
    require(result.returncode == 2 and b"not recordable" in result.stderr, "below a shell", result)
    place.require_clean({"main.c", "small"})
    return line


@check
def a_program_with_a_filter_of_its_own(place):
    result = place.tool("record", "--", place.guest("robustness_deny"), "setpgid,prctl",
                        "/bin/sh", "-c", "set -m; sleep 0 & wait; echo $?")
    require(result.returncode == 0, "exit code", result)
    place.require_verified(place.traces()[-1])


@check
def closed_standard_streams(place):
    for closed in "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-":
        result = place.run("sh", "-c", f'"$0" {UNTIL_FAIL} {closed}', place.example("early_exit"))
        require(result.returncode == 1, f"until-fail {closed}", result)
        place.require_verified(place.traces()[-1])
        shutil.rmtree(place.store)
        result = place.run("sh", "-c", f'"$0" record -o t.ttrace -- sh -c "exit 3" {closed}',
                           place.ttrace)
        require(result.returncode == 3, f"record {closed}", result)
        result = place.run("sh", "-c", f'"$0" replay --autopilot t.ttrace {closed}', place.ttrace)
        require(result.returncode == 3, f"replay {closed}", result)
        os.remove(place.path("t.ttrace"))
    place.require_clean({"objects"})


@check
def output_on_a_full_device(place):
    """Standard output cannot be written: the traces are kept all the same."""
    with open("/dev/full", "wb") as full:
        result = place.run(place.example("early_exit"), UNTIL_FAIL, stdout=full)
        require(result.returncode in (1, 2), "exit code", result)
        require(result.returncode == 1 or b"standard output" in result.stderr, "reason", result)
        require(len(place.traces()) == 1, "the trace was not kept", result)
        place.require_verified(*place.traces())
        trace = place.traces()[0]
        for command in ("show", trace), ("dump", trace), ("ls",), ("replay", "--autopilot", trace):
            result = place.tool(*command, stdout=full)
            require(b"standard output" in result.stderr and len(result.stderr.splitlines()) == 1,
                    f"{command[0]} says nothing of it", result)
        result = place.run(place.example("early_exit"), UNTIL_FAIL, stdout=full, stderr=full)
        require(result.returncode in (1, 2), "both", result)
    place.require_clean()


@check
def output_on_a_closed_pipe(place):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        result = place.run(place.example("early_exit"), UNTIL_FAIL, stdout=write_end,
                           stderr=write_end)
    finally:
        os.close(write_end)
    require(result.returncode == 1, "exit code", result)
    require(len(place.traces()) == 1, "the trace was not kept", result)
    result = place.run("bash", "-c", 'set -o pipefail; "$0" dump "$1" | head -1', place.ttrace,
                       place.traces()[0])
    require(not result.stderr, "dump | head complains", result)
    place.require_clean()


@check
def without_home(place):
    for name, env in (("unset", {"HOME": None}), ("relative", {"HOME": "here"}),
                      ("missing", {"HOME": place.path("tmp", "no", "home")}), ("a file", {"HOME": "/dev/null"}),
                      ("odd cache", {"TTRACE_CACHE_DIR": "/dev/null/x"}),
                      ("empty", {"HOME": "", "PATH": None, "TMPDIR": None})):
        result = place.run(place.example("early_exit"), UNTIL_FAIL, env=env)
        require(result.returncode == 1, f"HOME {name}", result)
    place.require_verified(*place.traces())
    shutil.rmtree(place.path("tmp", "no"), ignore_errors=True)  # the cache may be made there
    place.require_clean()


@check
def few_descriptors(place):
    outcomes = []
    for number in 4, 5, 6, 8, 10, 12, 14, 16, 20, 30:
        def limit(number=number):
            resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))
        result = place.run(place.example("early_exit"), UNTIL_FAIL, preexec_fn=limit)
        lines = (result.stdout + result.stderr).decode(errors="replace").splitlines()
        if result.returncode == 2:
            about = [line for line in lines if "Too many open files" in line or
                     "not recordable" in line]
            require(about, f"{number} descriptors: no line about it", result)
        elif result.returncode != 127:  # the loader itself needs some
            require(result.returncode == 1 and len(place.traces()) == 1, f"{number}", result)
            place.require_verified(*place.traces())
        outcomes.append(f"{number}:{result.returncode}")
        place.require_clean()
        shutil.rmtree(place.store, ignore_errors=True)
    require(outcomes[-1] == "30:1", f"thirty are not enough: {outcomes}")
    return " ".join(outcomes)


@check
def little_memory(place):
    """ulimit -v: the attempts inherit it. Never a crash, never a hang, one line or a result."""
    outcomes = []
    for megabytes in 8, 12, 16, 20, 24, 32, 48, 64, 128, 512:
        def limit(size=megabytes << 20):
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        result = place.run(place.example("early_exit"), UNTIL_FAIL, preexec_fn=limit)
        outcomes.append(f"{megabytes}:{result.returncode}")
        # 127 and SIGSEGV of the loader, which has no room for the libraries.
        require(result.returncode in (1, 2, 127, -signal.SIGSEGV), f"{megabytes} MiB", result)
        require(b"terminate called" not in result.stderr, f"{megabytes} MiB", result)
        if result.returncode == 2:
            require(result.stderr.startswith(b"ttrace: ") or b"[ttrace]" in result.stdout,
                    f"{megabytes} MiB: no line", result)
        place.require_clean()
        shutil.rmtree(place.store, ignore_errors=True)
    require(outcomes[-1] == "512:1", f"half a gigabyte is not enough: {outcomes}")
    return " ".join(outcomes)


@check
def no_more_processes(place):
    """ulimit -u, for a user that has none left."""
    nobody = as_nobody(place)
    if not nobody:
        raise Skipped("only root can run it as a user that has no other process")
    os.mkdir(place.path("traces"), 0o777)
    os.chmod(place.path("traces"), 0o777)
    # Another unused user, so that nobody else's processes count.
    nobody[1] = "--reuid=64123"
    command = ["sh", "-c", 'ulimit -u 1; exec "$0" "$@"', place.example("early_exit"), UNTIL_FAIL,
               "--ttrace-dir=" + place.path("traces")]
    result = place.run(*nobody, *command)
    if result.returncode == 1:
        raise Skipped("the limit has no effect here")
    return require_refused(result, "fork", progress=True)


@check
def odd_signals_inherited(place):
    """Blocked and ignored signals of the caller change nothing."""
    def block():
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    def ignore():
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
    for prepare in block, ignore:
        result = place.run(place.example("early_exit"), UNTIL_FAIL, preexec_fn=prepare)
        require(result.returncode == 1 and b"replay verified" in result.stdout + result.stderr,
                prepare.__name__, result)
    place.require_verified(*place.traces())
    place.require_clean()


@check
def many_open_descriptors(place):
    """Descriptors of the caller are not the attempts' affair, and are not mistaken for our own."""
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
    try:
        result = place.run(place.example("early_exit"), UNTIL_FAIL, pass_fds=files)
    finally:
        for file in files:
            os.close(file)
    require(result.returncode == 1 and b"replay verified" in result.stdout + result.stderr,
            "a hundred descriptors", result)


@check
def working_directory_gone(place):
    result = place.run("sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1"',
                       place.example("early_exit"), UNTIL_FAIL)
    line = require_refused(result, ".ttrace")
    require("internal error" not in line, "the line is no help", result)
    place.require_clean()
    return line


@check
def supervisor_missing(place):
    """A test binary whose ttrace was moved away, and what brings it back."""
    binary = contents(place.example("early_exit"))
    built = place.ttrace.encode()
    if built not in binary:
        raise Skipped("the examples were built with another ttrace")
    moved = place.path("moved")
    # With the same end: the linker may have put other strings of the library there (ld -O1).
    end = b"/ttrace"
    nowhere = b"/nowhere/" + b"x" * (len(built) - len(b"/nowhere/") - len(end)) + end
    with open(moved, "wb") as file:
        file.write(binary.replace(built, nowhere))
    os.chmod(moved, 0o755)
    line = require_refused(place.run(moved, UNTIL_FAIL), "/nowhere/x", "TTRACE", "PATH")
    require_refused(place.run(moved, UNTIL_FAIL, env={"TTRACE": "/dev/null/ttrace"}), "/dev/null")
    require_refused(place.run(moved, UNTIL_FAIL, env={"TTRACE": place.path("home")}),
                    place.path("home"))
    require_refused(place.run(moved, "--ttrace-replay=x"), "/nowhere/x")
    result = place.run(moved)
    require(result.returncode == 0 and not result.stderr, "a plain run needs no ttrace", result)
    for env in ({"TTRACE": place.ttrace},
                {"PATH": os.path.dirname(place.ttrace) + ":" + os.environ["PATH"]}):
        result = place.run(moved, UNTIL_FAIL, env=env)
        require(result.returncode == 1, f"{env}", result)
    # Not a ttrace at all.
    result = place.run(moved, UNTIL_FAIL, env={"TTRACE": "/bin/false"})
    require(result.returncode == 1 and not result.stdout, "another program", result)
    place.require_clean({"moved"})
    return line


@check
def gdb_missing(place):
    trace = place.record("/bin/true")
    result = place.tool("replay", trace, env={"PATH": "/nowhere"})
    line = require_refused(result, "gdb")
    place.require_clean({"recorded.ttrace", "objects"})
    return line


@check
def serving_where_it_cannot(place):
    trace = place.record("/bin/true")
    for address, name in (("unix:" + place.path("no", "where"), "where"), ("99999", "99999"),
                          ("x", "x"), ("-1", "-1"), ("unix:", "unix:"),
                          ("unix:" + "x" * 200, "xxx"), ("192.0.2.1:4000", "192.0.2.1")):
        require_refused(place.tool("replay", f"--serve={address}", trace), name, what=address)
    with open(place.path("precious"), "w", encoding="utf-8") as file:
        file.write("kept")
    require_refused(place.tool("replay", "--serve=unix:" + place.path("precious"), trace),
                    "precious")
    require(contents(place.path("precious")) == b"kept", "a file was replaced by a socket")
    place.require_clean({"recorded.ttrace", "objects", "precious"})


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
