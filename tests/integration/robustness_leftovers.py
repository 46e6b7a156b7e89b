"""Nothing is left behind: no process, no file but complete traces and their objects.

The script is a subreaper: whatever outlives a supervisor becomes its child and is found.
"""

import fcntl
import glob
import os
import pty
import random
import select
import signal
import struct
import subprocess
import termios
import time

from robustness_common import (LIMIT, Wrong, check, contents, duration_of, ends, in_order,
                               killed_after, main, needs, processes_left, require, tell)

MANY = "--ttrace-until-fail=1000000"
MOMENTS = 30


@check
def after_success(place):
    result = place.run(place.example("basics"), "--ttrace-until-fail=3")
    require(result.returncode == 0, "exit code", result)
    place.require_clean()
    require(not os.path.exists(place.store), "passing attempts made a trace directory")
    result = place.run(place.example("death_tests"), "--ttrace-until-fail=3")
    require(result.returncode == 0, "exit code", result)
    place.require_clean()
    require(not os.path.exists(place.store), "passing attempts made a trace directory")


@check
def after_failures(place):
    for name, flags in (("crash", []), ("early_exit", []), ("fork_child", []),
                        ("deadlock", ["--ttrace-timeout=2"]), ("race", [])):
        result = place.run(place.example(name), "--ttrace-until-fail=5000", *flags)
        require(result.returncode == 1, name, result)
        in_order(place, name)
    require(len(place.traces()) == 5, f"not one trace each: {place.traces()}")


@check
def killed_while_attempts_run(place):
    chance = random.Random(10)
    for example in "basics", "death_tests", "fork_child":
        for _ in range(MOMENTS // 3):
            killed_after(place, 0.02 + chance.random() * 0.6, place.example(example), MANY)
            left = processes_left()
            require(not left, f"{example}: processes were left behind: {left}")
    in_order(place, "at the end")


@check
def killed_at_any_moment_of_a_failure(place):
    """The whole of a hunt that fails at once: listing, attempt, keeping, verification."""
    command = place.example("early_exit"), "--ttrace-until-fail=3"
    whole = max(duration_of(place, *command)[0] for _ in range(3))
    chance = random.Random(11)
    kept = len(place.traces())
    for _ in range(MOMENTS):
        # An empty store, so that the objects are written each time.
        for path in glob.glob(os.path.join(place.store, "objects", "*")):
            os.remove(path)
        for path in place.traces():
            os.remove(path)
        moment = chance.random() * whole
        killed_after(place, moment, *command)
        in_order(place, f"after {moment:.4f} s of {whole:.4f} s")
        kept += len(place.traces())
    return f"{kept} traces were kept and verify"


@check
def killed_at_chosen_calls(place):
    """Moments that no clock would find, by a preloaded library."""
    preload = {"LD_PRELOAD": place.guest("robustness_killer.so")}
    commands = ((place.ttrace, "record", "--", "/bin/true"),
                (place.ttrace, "until-fail", "--attempts=2", "--", place.example("early_exit")))
    wrong = []
    for moment in "seize", "fsync", "linkat", "renameat", "fork":
        for command in commands:
            result = place.run(*command, env={**preload, "ROBUSTNESS_KILL": moment})
            if moment != "renameat":  # needed only where a name is taken already
                require(result.returncode == -signal.SIGKILL, f"{moment} never happened", result)
            tell(wrong, in_order, place, f"{moment} of {command[1]}")
    trace = place.record("/bin/true")
    for moment in "seize", "fork":
        result = place.tool("replay", "--autopilot", trace,
                            env={**preload, "ROBUSTNESS_KILL": moment})
        require(result.returncode == -signal.SIGKILL, f"{moment} never happened", result)
        tell(wrong, in_order, place, f"{moment} of replay", {"recorded.ttrace", "objects"})
    require(not wrong, "\n".join(wrong))


def failing_trace(place, example="early_exit"):
    result = place.run(place.example(example), "--ttrace-until-fail=5000")
    require(result.returncode == 1, "the example does not fail", result)
    return place.traces()[0]


@check
def killed_while_replaying(place):
    trace = failing_trace(place, "fork_child")
    command = place.ttrace, "replay", "--autopilot", trace
    whole = max(duration_of(place, *command)[0] for _ in range(3))
    before = contents(trace)
    chance = random.Random(12)
    for _ in range(MOMENTS):
        moment = chance.random() * whole
        killed_after(place, moment, *command)
        left = processes_left()
        require(not left, f"after {moment:.4f} s of {whole:.4f} s: {left}")
    require(contents(trace) == before, "the trace was changed")
    in_order(place, "at the end")


def gdb_session(place, trace, *commands):
    """A session in a terminal of its own, as a user has it."""
    words = [place.ttrace, "replay", trace]
    for command in commands:
        words += ["--ex", command]
    return Terminal(place, *words)


class Terminal:
    """A command as the session leader on a pty."""

    def __init__(self, place, *command):
        self.output = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = place.start(
            *command, stdin=slave, stdout=slave, stderr=slave, env={"TERM": "xterm"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            os.close(self.master)

    def read_some(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # all others have closed it
            data = b""
        self.output += data
        return bool(data)

    def expect(self, text, what=""):
        end = time.monotonic() + LIMIT
        while text not in self.output:
            ended = self.process.poll() is not None
            if not self.read_some(0.1) and ended or time.monotonic() > end:
                raise Wrong(f"{what}: \"{text.decode()}\" does not appear in\n"
                            + self.output.decode(errors="replace"))

    def type(self, text):
        os.write(self.master, text)

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def end(self, what):
        end = time.monotonic() + LIMIT
        while self.process.poll() is None:
            if self.master >= 0:
                self.read_some(0.05)
            if time.monotonic() > end:
                raise Wrong(f"{what}: does not end; it showed\n"
                            + self.output.decode(errors="replace"))
        while self.master >= 0 and self.read_some(0.1):
            pass
        return self.process.returncode


@check
def interrupt_key_while_hunting(place):
    """Ctrl-C on a terminal reaches the whole group: a clean end with the summary so far."""
    chance = random.Random(13)
    for example in "basics", "death_tests", "race":
        for _ in range(3):
            with Terminal(place, place.example(example), "--ttrace-until-fail=1000000") as screen:
                screen.expect(b"up to 1000000 attempts", example)
                for _ in range(int(chance.random() * 8)):
                    screen.read_some(0.1)
                screen.type(b"\x03")
                code = screen.end(example)
                require(code in (130, 1) if example == "race" else code == 130,
                        f"{example}: exit code {code}\n{screen.output.decode()}")
                require(b"interrupted" in screen.output or code == 1,
                        f"{example}: no summary\n{screen.output.decode()}")
            in_order(place, example)


@check
def interrupt_key_twice(place):
    with Terminal(place, place.example("basics"), MANY) as screen:
        screen.expect(b"up to")
        screen.type(b"\x03\x03\x03")
        screen.end("Ctrl-C three times")
    in_order(place, "Ctrl-C three times")


@check
def interrupt_key_while_recording(place):
    """`ttrace record` of a program that waits: the recording up to there is kept."""
    with Terminal(place, place.ttrace, "record", "-o", "cat.ttrace", "--", "sh", "-c",
                  "echo ready; sleep 1000") as screen:
        screen.expect(b"ready")
        screen.type(b"\x03")
        code = screen.end("record")
        require(code == 130, f"exit code {code}\n{screen.output.decode()}")
    place.require_clean({"cat.ttrace", "objects"})
    place.require_verified(place.path("cat.ttrace"))


@check
def terminal_goes_away(place):
    for command in ((place.example("basics"), MANY),
                    (place.ttrace, "record", "-o", "r.ttrace", "--", "sleep", "1000")):
        with Terminal(place, *command) as screen:
            for _ in range(5):
                screen.read_some(0.1)
            screen.hang_up()
            screen.end(f"{command[0]} without its terminal")
        in_order(place, f"{command[1]}", {"r.ttrace", "objects"})


@check
def signals_that_ask_to_end(place):
    chance = random.Random(14)
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        for group in False, True:
            for _ in range(2):
                result = killed_after(place, 0.3 + chance.random() * 0.5, place.example("basics"),
                                      MANY, sent=number, group=group)
                what = f"{number.name}, {'group' if group else 'process'}"
                require(result.returncode == 128 + number, f"{what}: exit code", result)
                require(b"interrupted" in result.stdout, f"{what}: no summary", result)
                in_order(place, what)


@check
def signals_at_any_moment(place):
    """From the first moment on, handlers or not."""
    chance = random.Random(15)
    command = place.example("fork_child"), MANY
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        for _ in range(MOMENTS // 3):
            moment = chance.random() * 0.15
            result = killed_after(place, moment, *command, sent=number, group=True)
            require(result.returncode in (128 + number, -number, 1),
                    f"{number.name} after {moment:.4f} s", result)
            left = processes_left()
            require(not left, f"{number.name} after {moment:.4f} s: {left}")
    in_order(place, "at the end")


@check
def interrupted_while_a_failure_is_kept(place):
    """A failure that was found is not lost, whatever moment the signal comes."""
    command = place.example("early_exit"), "--ttrace-until-fail=3"
    whole = max(duration_of(place, *command)[0] for _ in range(3))
    chance = random.Random(16)
    for _ in range(MOMENTS):
        for path in place.traces():
            os.remove(path)
        moment = chance.random() * whole * 1.2
        result = killed_after(place, moment, *command, sent=signal.SIGINT)
        what = f"after {moment:.4f} s of {whole:.4f} s"
        require(result.returncode in (1, 130, -signal.SIGINT), what, result)
        require((result.returncode == 1) == bool(place.traces()), f"{what}: kept?", result)
        in_order(place, what)


@check
def a_whole_tree_of_processes(place):
    """A recorded program whose processes go to other groups and sessions is ended with it."""
    script = ("setsid sleep 1000 & (sleep 1000 &) ; trap '' INT TERM HUP; "
              "echo ready; sleep 1000; sleep 1000")
    for number in signal.SIGKILL, signal.SIGTERM, signal.SIGINT:
        process = place.start(place.ttrace, "record", "-o", "tree.ttrace", "--", "sh", "-c", script,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        require(process.stdout.readline() == b"ready\n", "the program does not start")
        time.sleep(0.3)
        process.send_signal(number)
        ends(process, number.name)
        place.require_clean({"tree.ttrace", "objects"})
    place.require_verified(place.path("tree.ttrace"))


@check
def daemons_of_a_test(place):
    """What outlives the recorded program by more than a moment is ended, as are its files."""
    result = place.tool("record", "-o", "d.ttrace", "--", "sh", "-c",
                        "setsid sleep 1000 & echo started")
    require(result.stdout == b"started\n", "output", result)
    place.require_clean({"d.ttrace", "objects"})


@check
def gdb_killed_with_its_supervisor(place):
    needs("gdb")
    trace = failing_trace(place, "fork_child")
    before = contents(trace)
    chance = random.Random(17)
    for turn in range(MOMENTS // 3):
        with gdb_session(place, trace, "echo here\\n") as screen:
            if turn % 2 == 0:
                screen.expect(b"here", "the session")
            time.sleep(chance.random() * 0.5)
            screen.process.kill()
            screen.end("the killed session")
        left = processes_left()
        require(not left, f"turn {turn}: {left}")
    require(contents(trace) == before, "the trace was changed")
    in_order(place, "at the end")


@check
def gdb_ends_in_every_way(place):
    needs("gdb")
    trace = failing_trace(place, "fork_child")
    for what, keys in (("quit", b"quit\n"), ("end of input", b"\x04"), ("kill", b"kill\nquit\n"),
                       ("detach", b"detach\nquit\n"), ("disconnect", b"disconnect\nquit\n"),
                       ("to the end", b"continue\nquit\n")):
        with gdb_session(place, trace, "echo here\\n") as screen:
            screen.expect(b"here", what)
            screen.expect(b"(gdb) ", what)  # what is typed before that may be lost
            screen.type(keys)
            screen.end(what)
        left = processes_left()
        require(not left, f"{what}: {left}")
    for number in signal.SIGTERM, signal.SIGHUP:
        with gdb_session(place, trace, "echo here\\n") as screen:
            screen.expect(b"here", number.name)
            screen.process.send_signal(number)
            screen.end(number.name)
        left = processes_left()
        require(not left, f"{number.name}: {left}")
    with gdb_session(place, trace, "echo here\\n") as screen:
        screen.expect(b"here", "hang-up")
        screen.hang_up()
        screen.end("hang-up")
    in_order(place, "hang-up")


@check
def gdb_survives_the_interrupt_key(place):
    needs("gdb")
    trace = failing_trace(place, "fork_child")
    with gdb_session(place, trace, "echo here\\n") as screen:
        screen.expect(b"here")
        screen.type(b"\x03")
        screen.type(b"echo still-%s\\n\n" % b"alive")
        screen.expect(b"still-alive\r\n", "after Ctrl-C")
        screen.type(b"quit\n")
        screen.end("quit")
    in_order(place, "after Ctrl-C")


@check
def served_sessions(place):
    """--serve: ended by a signal, by SIGKILL, and by the debugger."""
    trace = failing_trace(place)
    socket = place.path("tmp", "debugger")
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        process = place.start(place.ttrace, "replay", f"--serve=unix:{socket}", trace,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        require(b"waiting" in process.stderr.readline(), "it does not wait")
        process.send_signal(number)
        ends(process, number.name)
        in_order(place, f"serve, {number.name}")
    process = place.start(place.ttrace, "replay", "--serve=0", trace, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    require(b"waiting" in process.stderr.readline(), "it does not wait")
    process.kill()
    ends(process, "SIGKILL")
    in_order(place, "serve, SIGKILL")
    needs("gdb")
    process = place.start(place.ttrace, "replay", f"--serve=unix:{socket}", trace,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    require(b"waiting" in process.stderr.readline(), "it does not wait")
    result = place.run("gdb", "-q", "-nx", "-batch", "-ex", "set sysroot target:", "-ex",
                       f"target remote {socket}", "-ex", "info threads")
    require(b"Thread" in result.stdout, "gdb sees no thread", result)
    served = ends(process, "after gdb")
    require(served.returncode == 0, "exit code", served)
    in_order(place, "serve, gdb")


@check
def stopped_and_continued(place):
    """Ctrl-Z: a supervisor that stands still and goes on."""
    process = place.start(place.example("fork_child"), "--ttrace-until-fail=5000",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(3):
        time.sleep(0.1)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGSTOP)
            time.sleep(0.1)
            os.killpg(process.pid, signal.SIGCONT)
    result = ends(process, "stopped and continued")
    require(result.returncode == 1, "exit code", result)
    in_order(place, "stopped and continued")


@check
def several_hunts_in_one_directory(place):
    """They share a store and the names of traces."""
    running = [place.start(place.example("early_exit"), "--ttrace-until-fail=3",
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(6)]
    for process in running:
        result = ends(process, "one of six")
        require(result.returncode == 1, "one of six", result)
    require(len(place.traces()) == 6, f"not six traces: {place.traces()}")
    in_order(place, "six at once")
    result = place.tool("rm", *place.traces())
    require(result.returncode == 0, "rm", result)
    require(not os.listdir(os.path.join(place.store, "objects"))
            if os.path.isdir(os.path.join(place.store, "objects")) else True,
            "objects that nobody needs are left", result)


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
