"""A gdb that is driven through its machine interface, on a trace that ttrace serves."""

import os
import re
import subprocess
import tempfile
import time


class SessionError(Exception):
    """Something else happened than was expected; the text says what."""


class Gdb:
    """One gdb on one trace. Closes both programs when it is left (`with`)."""

    def __init__(self, ttrace, trace):
        self.directory = tempfile.TemporaryDirectory(prefix="ttrace-mi")
        socket = os.path.join(self.directory.name, "gdb")
        self.server = subprocess.Popen([ttrace, "replay", "--serve=unix:" + socket, trace],
                                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        line = self.server.stderr.readline()
        if "waiting for a debugger" not in line:
            raise SessionError("ttrace replay --serve: " + line + self.server.stderr.read())
        self.gdb = subprocess.Popen(["gdb", "-nx", "-q", "--interpreter=mi3"], text=True,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT)
        self.log = []
        for setting in ("sysroot target:", "debuginfod enabled off", "confirm off", "pagination off",
                        "suppress-cli-notifications off"):
            self.command("-gdb-set " + setting)
        self.stop = self.run("-target-select remote " + socket)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.gdb.kill()
        self.gdb.wait()
        self.gdb.stdin.close()
        self.gdb.stdout.close()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.server.stderr.close()
        self.directory.cleanup()

    def _read(self):
        line = self.gdb.stdout.readline()
        if not line:
            raise SessionError("gdb has ended:\n" + "".join(self.log[-20:]))
        self.log.append(line)
        return line

    def _send(self, text):
        self.log.append("> " + text + "\n")
        self.gdb.stdin.write(text + "\n")
        self.gdb.stdin.flush()

    def command(self, text):
        """The text of its ^done record; what it printed on the console is in `console`."""
        self._send(text)
        console = []
        while True:
            line = self._read()
            if line.startswith("~"):
                console.append(line[2:-2])
            if line.startswith("^error"):
                raise SessionError(text + ": " + line)
            if line.startswith(("^done", "^running", "^connected")):
                self.console = "".join(console)
                return line

    def run(self, text):
        """A command that lets the program run; the fields of the *stopped record."""
        self._send(text)
        at_an_end = False
        while True:
            line = self._read()
            if line.startswith("^error"):
                raise SessionError(text + ": " + line)
            # gdb 13 has no reason for this in its record.
            if "No more reverse-execution history" in line:
                at_an_end = True
            if line.startswith("*stopped"):
                self.stop = fields(line)
                if at_an_end:
                    self.stop.setdefault("reason", "no-history")
                return self.stop

    def console_run(self, text):
        return self.run('-interpreter-exec console "%s"' % text)

    def console_command(self, text):
        self.command('-interpreter-exec console "%s"' % text)
        return self.console

    def interrupt_after(self, text, seconds):
        """Lets it run, and interrupts it; the stop and the time that it took to come."""
        self._send('-interpreter-exec console "%s"' % text)
        time.sleep(seconds)
        begin = time.monotonic()
        self.gdb.send_signal(2)
        while True:
            line = self._read()
            if line.startswith("*stopped"):
                return fields(line), time.monotonic() - begin

    def value(self, expression):
        line = self.command('-data-evaluate-expression "%s"' % expression)
        return re.search(r'value="(.*)"', line).group(1)

    def monitor(self, text):
        return self.console_command("monitor " + text)

    def goto(self, place):
        """As `ttrace goto` of the gdb script does it."""
        self.monitor("goto " + place)
        self.run("-exec-continue")
        self.console_command("sharedlibrary")
        return self.stop


def fields(record):
    """The fields that sessions look at, from a *stopped record."""
    result = {}
    for name in ("reason", "func", "line", "thread-id", "signal-name", "bkptno"):
        found = re.search(r'[,{]%s="([^"]*)"' % name, record)
        if found:
            result[name] = found.group(1)
    found = re.search(r'value={old="([^"]*)",new="([^"]*)"}', record)
    if found:
        result["old"], result["new"] = found.groups()
    return result
