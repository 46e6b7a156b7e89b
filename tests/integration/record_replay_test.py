"""Takes one guest the whole way: record, verify, replay.

    record_replay_test.py --ttrace TTRACE --guest GUEST [--seeds N] [--chaos N]
                          [--status N | --refused TEXT] [-- GUEST ARGUMENTS...]

A replay must print what the recording printed and end as it ended, every time. No process and no
file may be left behind. With --refused the recording must fail and name TEXT in its one line.
"""

import argparse
import ctypes
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
# A command that takes longer hangs; a guest takes a fraction of a second, but a virtual machine's CPU
# may stand still for a minute (the kernel log then has "workqueue lockup").
LIMIT = 100
# So long may a process that was told to end take to disappear.
GRACE = 10


class Wrong(Exception):
    """What a command did instead of what it should do."""


def describe(result):
    return (f"--- {' '.join(result.args)}: exit code {result.returncode}"
            f"\n--- standard output\n{result.stdout.decode(errors='replace')}"
            f"\n--- standard error\n{result.stderr.decode(errors='replace')}")


def require(condition, what, *results):
    if not condition:
        raise Wrong("\n".join([what, *map(describe, results)]))


def descendants():
    """The processes that this one, a subreaper, has below it, as (pid, command)."""
    children, names = {}, {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                line = file.read()
        except OSError:
            continue
        pid = int(line.split(" ", 1)[0])
        parent = int(line[line.rindex(")") + 1:].split()[1])
        children.setdefault(parent, []).append(pid)
        names[pid] = line[line.index("(") + 1:line.rindex(")")]
    found, wave = [], [os.getpid()]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, [])]
        found += [(pid, names[pid]) for pid in wave]
    return found


def waiting_processes():
    """What each process below this one waits for in the kernel: where a hang is looked for."""
    pids = ",".join(str(pid) for pid, _ in descendants())
    return subprocess.run(["ps", "-o", "pid,ppid,stat,wchan:24,args", "-p", pids],
                          capture_output=True, check=False).stdout if pids else b""


def end_all(processes):
    for pid, _ in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def processes_left():
    """What earlier commands left running after a time of grace. It is ended."""
    end = time.monotonic() + GRACE
    while True:
        reap()
        left = descendants()
        if not left or time.monotonic() > end:
            break
        time.sleep(0.02)
    end_all(left)
    return left


class Guest:
    """A guest and an empty directory for it to run in."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.trace = os.path.join(directory, "guest.ttrace")
        self.work = os.path.join(directory, "work")
        os.mkdir(self.work)

    def run(self, *command):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("TTRACE_")}
        environment.update(TMPDIR=self.work, LC_ALL="C")
        # In a group of its own: a guest may signal its whole group.
        with subprocess.Popen(command, cwd=self.work, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                waiting = waiting_processes()
                end_all(descendants())
                out, err = process.communicate()
                result = subprocess.CompletedProcess(command, "hangs", out, err + waiting)
                raise Wrong(describe(result)) from None
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def record(self, seed, ticks, agent, *flags):
        return self.run(self.options.ttrace, "record", "-o", self.trace, "--seed", str(seed),
                        f"--ticks={ticks}", f"--agent={agent}", *flags, "--", self.options.guest,
                        *self.options.arguments)

    def refused(self):
        result = self.record(1, self.options.ticks or "auto", "on")
        lines = [line for line in result.stderr.decode(errors="replace").splitlines()
                 if line.startswith("ttrace")]
        require(result.returncode == 2, "the exit code of the refused recording is not 2", result)
        require(len(lines) == 1, "not exactly one line says why", result)
        require(self.options.refused in lines[0],
                f"\"{self.options.refused}\" is not in the line", result)
        require(os.listdir(self.directory) == ["work"], "the refused recording kept a file", result)

    def round_trip(self, seed, ticks, replays, *flags):
        # However it was recorded, it can be replayed either way.
        recorded = self.record(seed, ticks, "off" if seed % 3 == 2 else "on", *flags)
        require(recorded.returncode == self.options.status,
                f"seed {seed}: the exit code is not {self.options.status}", recorded)
        # The recorder's own line comes last; a replay has none.
        own = re.search(rb"\[ttrace\] .*" + re.escape(self.trace.encode()) + rb".*\n\Z",
                        recorded.stderr)
        require(own, f"seed {seed}: no line tells of the trace", recorded)
        recorded.stderr = recorded.stderr[:own.start()]
        verified = self.run(self.options.ttrace, "verify", self.trace)
        require(verified.returncode == 0, f"seed {seed}: verify finds fault", verified)
        for i in range(replays):
            agent = "off" if i % 3 == 1 else "on"
            replayed = self.run(self.options.ttrace, "replay", "--autopilot", f"--agent={agent}",
                                self.trace)
            for part in "returncode", "stdout", "stderr":
                require(getattr(replayed, part) == getattr(recorded, part),
                        f"seed {seed}: a replay differs in {part}", recorded, replayed)
        os.remove(self.trace)

    def check(self):
        if self.options.refused:
            self.refused()
        else:
            for seed in range(1, self.options.seeds + 1):
                self.round_trip(seed, self.options.ticks or "software", 3 if seed == 1 else 1)
            for seed in range(1, self.options.chaos + 1):
                self.round_trip(seed, self.options.ticks or "software", 1, "--chaos=on")
            if not self.options.ticks:
                self.round_trip(1, "none", 1)
        left = processes_left()
        require(not left, f"processes were left behind: {left}")
        require(not os.listdir(self.work), f"files were left behind: {os.listdir(self.work)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--chaos", type=int, default=0, help="so many times more under chaos")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--refused")
    parser.add_argument("--ticks", help="this kind only, instead of software and none")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    options.guest = os.path.abspath(options.guest)
    options.ttrace = os.path.abspath(options.ttrace)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(prefix="ttrace-guest-") as directory:
        try:
            Guest(options, os.path.realpath(directory)).check()
        except Wrong as wrong:
            end_all(descendants())
            sys.exit(f"{os.path.basename(options.guest)}: {wrong}")
        finally:
            reap()


if __name__ == "__main__":
    main()
