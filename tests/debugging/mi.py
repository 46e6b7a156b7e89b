"""A client of gdb's machine interface: commands in, values out; no console text is matched."""

import os
import re
import select
import subprocess
import time

PATIENCE = 60  # seconds for one answer; a lost one is a failure, not a hang


class Lost(Exception):
    """gdb ended, or did not answer."""


class Refused(Exception):
    """gdb answered ^error."""


def _parse_string(text, at):
    out = []
    at += 1
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
            octal = re.match(r"[0-7]{3}", text[at:])
            if octal:
                out.append(chr(int(octal.group(), 8)))
                at += 3
                continue
            out.append({"n": "\n", "t": "\t", "r": "\r", "e": "\x1b"}.get(text[at], text[at]))
        else:
            out.append(text[at])
        at += 1
    return "".join(out), at + 1


def _parse_value(text, at):
    if text[at] == '"':
        return _parse_string(text, at)
    close = "}" if text[at] == "{" else "]"
    named, plain = {}, []
    at += 1
    while text[at] != close:
        if text[at] == ",":
            at += 1
            continue
        name = re.match(r"[A-Za-z_][\w-]*(?==)", text[at:])
        if name:
            value, at = _parse_value(text, at + len(name.group()) + 1)
            named[name.group()] = value
            plain.append(value)
        else:
            value, at = _parse_value(text, at)
            plain.append(value)
    return (named if close == "}" else plain), at + 1


def parse_results(text):
    """The results after a record's class: name=value,..."""
    return _parse_value("{" + text + "}", 0)[0]


class Gdb:
    """One gdb under the machine interface."""

    def __init__(self, *arguments):
        environment = dict(os.environ, LC_ALL="C", HOME="/nonexistent")
        self.process = subprocess.Popen(
            ["gdb", "-nx", "-q", "--interpreter=mi3", *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        self.buffer = b""
        self.token = 0
        self.console = ""   # what commands printed since it was last emptied
        self.target = ""    # what the target printed (O packets)
        self.log = []
        self.stops = []     # *stopped records that nobody waited for yet

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            try:
                self.process.stdin.write(b"-gdb-exit\n")
                self.process.stdin.flush()
                self.process.wait(10)
            except (OSError, subprocess.TimeoutExpired):
                self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def _line(self):
        limit = time.monotonic() + PATIENCE
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, limit - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not more:
                raise Lost("gdb is gone or silent; its last lines:\n" + "\n".join(self.log[-20:]))
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        text = line.decode(errors="replace").rstrip("\r")
        self.log.append(text)
        return text

    def _take(self):
        """One record: (token, class, results) of a result record, or None after another one."""
        line = self._line()
        for sign, name in (("~", "console"), ("@", "target")):
            if line.startswith(sign + '"'):
                setattr(self, name, getattr(self, name) + _parse_string(line, 1)[0])
                return None
        found = re.match(r"(\d*)([\^*=])([\w-]+)(?:,(.*))?$", line)
        if not found:
            return None
        token, sign, name, rest = found.groups()
        results = parse_results(rest) if rest else {}
        if sign == "*" and name == "stopped":
            self.stops.append(results)
        if sign == "^":
            return token, name, results
        return None

    def command(self, text):
        """Sends one command and returns its results."""
        self.token += 1
        self.process.stdin.write(f"{self.token}{text}\n".encode())
        self.process.stdin.flush()
        while True:
            record = self._take()
            if record is None or record[0] != str(self.token):
                continue
            if record[1] == "error":
                raise Refused(f"{text}: {record[2].get('msg', '?')}")
            return record[2]

    def stop(self):
        """Waits for the next stop."""
        while not self.stops:
            self._take()
        return self.stops.pop(0)

    def run(self, text):
        """A command that lets the program run; returns how it stopped."""
        self.stops.clear()
        self.command(text)
        return self.stop()

    def console_of(self, command):
        """What a console command printed."""
        self.console = self.target = ""
        escaped = command.replace("\\", "\\\\").replace('"', '\\"')
        self.command(f'-interpreter-exec console "{escaped}"')
        return self.console + self.target

    def value(self, expression):
        escaped = expression.replace("\\", "\\\\").replace('"', '\\"')
        return self.command(f'-data-evaluate-expression "{escaped}"')["value"]
