#!/usr/bin/env python3
"""Runs the sessions of sessions.py through gdb's machine interface, on traces of the guests.

sessions_test.py --ttrace TTRACE --guests DIRECTORY --sources DIRECTORY [--only TEXT] GUEST...
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

from mi import Gdb, SessionError
from sessions import SESSIONS

RUNS = re.compile(r"(reverse-|continue|next|step|stepi|finish|until|advance)")
# Recorded with these arguments; a hang is ended by the recorder.
OPTIONS = {"hangs": ["--timeout=4s"]}


def markers(source):
    """Line numbers by the names of their markers."""
    with open(source) as text:
        lines = list(enumerate(text, 1))
    return {m.group(1): number for number, line in lines
            for m in [re.search(r"// LINE (\w+)", line)] if m}


class Runner:
    """The sessions of one guest."""

    def __init__(self, gdb, source):
        self.gdb = gdb
        self.source = os.path.basename(source)
        self.lines = markers(source)
        self.last_breakpoint = "1"

    def spelled(self, command):
        command = re.sub(r"LINE:(\w+)", lambda m: "%s:%d" % (self.source, self.lines[m.group(1)]),
                         command)
        return command.replace("LAST", self.last_breakpoint)

    def do(self, command):
        command = self.spelled(command)
        word = command.split()[0]
        if word == "goto":
            place = command.split()[1]
            if place == "failure-or-end":
                place = "end"
            return self.gdb.goto(place)
        if word == "interrupted":
            stop, _ = self.gdb.interrupt_after(command.split(None, 1)[1], 0.1)
            return stop
        if RUNS.match(word):
            return self.gdb.console_run(command)
        text = self.gdb.console_command(command)
        found = re.search(r"(?:[Bb]reakpoint|[Ww]atchpoint) (\d+)", text)
        if found:
            self.last_breakpoint = found.group(1)
        return None

    def check(self, command, stop, expected):
        for name, wanted in expected.items():
            if name == "=":
                for expression, value in wanted.items():
                    got = self.gdb.value(expression)
                    if got != value:
                        raise SessionError("%s: %s is %s, not %s" % (command, expression, got, value))
                continue
            if name == "line":
                before = wanted.endswith("-")  # the function's first line, just before it
                wanted = str(self.lines[wanted.rstrip("-")] - (1 if before else 0))
            got = stop.get(name)
            if name == "reason" and got and got.endswith("-" + wanted):
                continue  # "access-watchpoint-trigger"
            if got != wanted:
                raise SessionError("%s: %s is %s, not %s (%s)" % (command, name, got, wanted, stop))

    def run(self, steps):
        self.gdb.console_command("delete")
        self.gdb.console_command("set exec-direction forward")
        for signal in ("SIGUSR1", "SIGUSR2", "SIGSEGV"):
            self.gdb.console_command("handle %s stop print pass" % signal)
        for step in steps:
            command, expected = step if isinstance(step, tuple) else (step, None)
            stop = self.do(command)
            if expected is not None:
                self.check(command, stop if stop is not None else self.gdb.stop, expected)


def record(options, guest, directory):
    trace = os.path.join(directory, guest + ".ttrace")
    command = [options.ttrace, "record", "--seed=1", *OPTIONS.get(guest, []), "-o", trace, "--",
               os.path.join(options.guests, "timeline_" + guest)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if not os.path.exists(trace):
        raise SessionError("no trace from " + " ".join(command))
    return trace


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guests", required=True)
    parser.add_argument("--sources", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("guest", nargs="+")
    options = parser.parse_args()
    failures = 0
    for guest in options.guest:
        sessions = [s for s in SESSIONS if s[1] == guest and options.only in s[0]]
        with tempfile.TemporaryDirectory(prefix="ttrace-sessions") as directory:
            trace = record(options, guest, directory)
            with Gdb(options.ttrace, trace) as gdb:
                runner = Runner(gdb, os.path.join(options.sources, guest + ".cpp"))
                for name, _, steps in sessions:
                    try:
                        runner.run(steps)
                        print("passed  %s: %s" % (guest, name), flush=True)
                    except SessionError as error:
                        failures += 1
                        print("FAILED  %s: %s\n        %s" % (guest, name, error), flush=True)
    return 1 if failures else 0


sys.exit(main())
