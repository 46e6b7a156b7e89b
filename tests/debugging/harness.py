"""Runs tables of debugging sessions: guests are recorded once, each session debugs a replay of its
own.

A session is a name, the guest that it debugs, and steps. A step is (verb, arguments...); the verbs
are the methods of Session below. Where a place is expected, "#TAG" is the line of the guest's source
that ends with the comment TAG; anything else is what gdb takes (a function, *ADDRESS).
"""

import argparse
import contextlib
import copy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback

import mi


class Wrong(Exception):
    """What a session showed instead of what it should show."""


def require_equal(found, expected, what):
    if found != expected:
        raise Wrong(f"{what}: expected {expected!r}, found {found!r}")


class Server:
    """`ttrace replay --serve` on a Unix socket."""

    def __init__(self, ttrace, trace, directory, *flags):
        self.path = os.path.join(directory, "s")
        self.process = subprocess.Popen(
            [ttrace, "replay", f"--serve=unix:{self.path}", *flags, trace],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.process.stderr.readline().decode()
        if "target remote" not in line:
            raise Wrong(f"the server says {line!r}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Wrong("the server outlives its debugger") from None
        finally:
            self.process.stderr.close()


class Guest:
    """A program with its source and a recording of it."""

    def __init__(self, ttrace, program, source, directory, flags, arguments):
        self.program = program
        self.name = os.path.basename(program)
        self.trace = os.path.join(directory, self.name + ".ttrace")
        self.source = os.path.basename(source)
        with open(source, encoding="utf-8") as text:
            self.lines = text.read().split("\n")
        result = subprocess.run([ttrace, "record", *flags, "-o", self.trace, "--", program,
                                 *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                check=False)
        if not os.path.exists(self.trace):
            raise Wrong(f"{self.name} was not recorded: {result.stderr.decode()}")

    def line(self, tag):
        found = [n for n, text in enumerate(self.lines, 1) if text.endswith("// " + tag)]
        if len(found) != 1:
            raise Wrong(f"{self.source} has {len(found)} lines tagged {tag}")
        return found[0]

    def place(self, text):
        return f"{self.source}:{self.line(text[1:])}" if text.startswith("#") else text


class Session:
    """One gdb on one replay. Each method is a verb of the tables."""

    def __init__(self, ttrace, guest, gdb):
        self.ttrace = ttrace
        self.guest = guest
        self.gdb = gdb
        self.last = {}
        self.kept = {}

    def connect(self, path):
        self.gdb.command("-gdb-set sysroot target:")
        self.gdb.command("-gdb-set debuginfod enabled off")
        self.gdb.command("-gdb-set confirm off")
        script = subprocess.run([self.ttrace, "gdb-script"], capture_output=True, check=True)
        with tempfile.NamedTemporaryFile(suffix=".py") as file:
            file.write(script.stdout)
            file.flush()
            self.gdb.console_of(f"source {file.name}")
        self.gdb.command(f"-target-select remote {path}")

    # Going on.

    def do_break(self, place, condition=None):
        option = f'-c "{condition}" ' if condition else ""
        self.gdb.command(f"-break-insert {option}{self.guest.place(place)}")

    def do_tbreak(self, place):
        self.gdb.command(f"-break-insert -t {self.guest.place(place)}")

    def do_catch(self, *what):
        self.gdb.console_of(" ".join(("catch",) + what))

    def do_clear(self):
        """Deletes all breakpoints."""
        self.gdb.console_of("delete")

    def do_go(self, command="-exec-continue"):
        self.last = self.gdb.run(command)

    def do_run_to(self, place):
        self.do_tbreak(place)
        self.do_go()
        self.do_reason("breakpoint-hit")
        if not place.startswith("*"):
            self.do_at(place)

    def do_pass(self, name):
        """A signal that does not stop."""
        self.gdb.console_of(f"handle {name} nostop noprint pass")

    # Looking.

    def do_at(self, place):
        frame = self.last.get("frame", {})
        if place.startswith("#"):
            require_equal((os.path.basename(frame.get("fullname", "?")), frame.get("line")),
                          (self.guest.source, str(self.guest.line(place[1:]))), "it stands at")
        else:
            require_equal(frame.get("func", "?").split("::")[-1], place, "it stands in")

    def do_reason(self, reason):
        require_equal(self.last.get("reason"), reason, "it stopped for")

    def do_stopped(self, name, value):
        """A member of the *stopped record."""
        require_equal(self.last.get(name), value, f"the stop's {name}")

    def do_value(self, expression, expected):
        require_equal(self.gdb.value(expression), expected, expression)

    def do_fails(self, expression):
        try:
            found = self.gdb.value(expression)
        except mi.Refused:
            return
        raise Wrong(f"{expression} gave {found!r} instead of an error")

    def do_keep(self, name, expression):
        self.kept[name] = self.gdb.value(expression)

    def do_same(self, name, expression):
        require_equal(self.gdb.value(expression), self.kept[name], expression)

    def do_process_is(self, expression):
        require_equal(self.gdb.value(expression), str(self.session()["process"]), expression)

    def do_prints(self, command, expected):
        """What the program itself prints in a console command."""
        self.gdb.console_of(command)
        if expected not in self.gdb.target:
            raise Wrong(f"{command} printed {self.gdb.target!r}")

    def do_prints_line(self, command, pattern):
        """A line of what a console command prints fits the pattern."""
        text = self.gdb.console_of(command)
        if not any(re.match(pattern, line) for line in text.splitlines()):
            raise Wrong(f"{command} printed {text!r}")

    def do_refuses(self, command, reason):
        try:
            self.gdb.console_of(command)
        except mi.Refused as refusal:
            if reason in str(refusal):
                return
            raise Wrong(f"{command} is refused otherwise: {refusal}") from None
        raise Wrong(f"{command} is not refused")

    def do_wait_stop(self):
        """For the stop that a value() ran into."""
        self.last = self.gdb.stop()

    def fingerprint(self):
        """Of the replay: its memory and the registers of all threads."""
        return self.gdb.console_of("monitor digest").split()[-1]

    def do_fingerprint(self, name):
        self.kept[name] = self.fingerprint()

    def do_fingerprint_is(self, name):
        require_equal(self.fingerprint(), self.kept[name], "the replay's fingerprint")

    def do_console(self, command):
        self.gdb.console_of(command)

    def do_up(self, frame):
        """Selects a frame of the thread that stopped, by the function that it is of."""
        frames = self.gdb.command("-stack-list-frames")["stack"]
        level = next((f["level"] for f in frames if f.get("func", "").split("(")[0] == frame), None)
        if level is None:
            raise Wrong(f"no frame of {frame} among {[f.get('func') for f in frames]}")
        self.gdb.command(f"-stack-select-frame {level}")

    def do_thread(self, number):
        self.gdb.command(f"-thread-select {number}")

    def do_threads(self, count):
        require_equal(len(self.gdb.command("-thread-info")["threads"]), count, "threads")

    def session(self):
        # Before it may come the rest of what a command printed that let the program run.
        return json.loads(self.gdb.console_of("monitor session").splitlines()[-1])

    def do_event(self, name):
        """The present event is the session's `begin`, `end`, or that of its `failure`."""
        now = self.session()
        expected = now["failure"]["event"] if name == "failure" else now[name]
        require_equal(now["event"], expected, "the event")

    def do_json(self, command, check):
        """A console command prints JSON of which check(value) holds."""
        found = json.loads(self.gdb.console_of(command).strip().splitlines()[-1])
        if not check(found):
            raise Wrong(f"{command} gave {found}")


    def do_aside_json(self, command, check):
        """As json, of a command for which gdb sees no run of the program, and whose text comes
        before its answer."""
        self.gdb.log.clear()
        found = json.loads(self.gdb.console_of(command))
        if not check(found):
            raise Wrong(f"{command} gave {found}")
        runs = [line for line in self.gdb.log
                if line.startswith(("*running", "*stopped", "=thread", "=library"))]
        require_equal(runs, [], f"what {command} made gdb tell")


@contextlib.contextmanager
def opened(ttrace, guest, *flags):
    """A session that has just been connected. `flags`: of ttrace replay."""
    with tempfile.TemporaryDirectory(prefix="ttrace-session-") as directory, \
            Server(ttrace, guest.trace, directory, *flags) as server, mi.Gdb() as gdb:
        session = Session(ttrace, guest, gdb)
        session.connect(server.path)
        yield session


@contextlib.contextmanager
def hunted(ttrace, guest, *flags):
    """The guest with the trace that a hunt keeps of it. `flags`: of until-fail."""
    with tempfile.TemporaryDirectory(prefix="ttrace-hunted-") as directory:
        subprocess.run([ttrace, "until-fail", "--attempts=1", "--dir=" + directory, *flags, "--",
                        guest.program], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        traces = [name for name in os.listdir(directory) if name.endswith(".ttrace")]
        require_equal(len(traces), 1, "traces that were kept")
        found = copy.copy(guest)
        found.trace = os.path.join(directory, traces[0])
        yield found


def run_session(ttrace, guest, steps):
    with opened(ttrace, guest) as session:
        for step in steps:
            try:
                getattr(session, "do_" + step[0])(*step[1:])
            except (Wrong, mi.Refused, mi.Lost) as wrong:
                shown = [line for line in session.gdb.log if "from remote target" not in line]
                raise Wrong(f"at {step}: {wrong}\n" + "\n".join(shown[-12:])) from None


def main(sessions, flags=None):
    """`sessions`: (name, guest, steps) each; `flags`: of record, by guest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guests", required=True, help="directory of the programs")
    parser.add_argument("--sources", required=True, help="directory of their sources")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="ttrace-debugging-") as directory:
        guests = {}
        for name, guest, steps in sessions:
            if options.only not in name:
                continue
            if guest not in guests:
                guests[guest] = Guest(options.ttrace, os.path.join(options.guests, guest),
                                      os.path.join(options.sources, guest + ".cpp"), directory,
                                      (flags or {}).get(guest, []), [])
            try:
                if callable(steps):
                    steps(options.ttrace, guests[guest])
                else:
                    run_session(options.ttrace, guests[guest], steps)
                print(f"ok      {guest}: {name}", flush=True)
            except Exception as wrong:  # pylint: disable=broad-except
                failed += 1
                shown = wrong if isinstance(wrong, Wrong) else traceback.format_exc()
                print(f"FAILED  {guest}: {name}: {shown}", flush=True)
    sys.exit(1 if failed else 0)
