"""What VS Code's C/C++ extension (cppdbg) does with the configuration that --ide=vscode writes: it starts
the server, waits for its line, starts gdb under MI, runs the setup commands, connects, and continues."""

import json
import os
import shlex
import subprocess
import tempfile

import harness
import mi


def configuration(ttrace, guest, folder):
    subprocess.run([os.path.abspath(ttrace), "replay", "--ide=vscode", guest.trace], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, ".vscode", "launch.json"), encoding="utf-8") as file:
        text = file.read().replace("${workspaceFolder}", folder)
    (only,) = json.loads(text)["configurations"]
    harness.require_equal((only["type"], only["request"], only["MIMode"]),
                          ("cppdbg", "launch", "gdb"), "the kind")
    return only


class DebugServer:
    """As debugServerPath, debugServerArgs and serverStarted say."""

    def __init__(self, launch):
        self.process = subprocess.Popen(
            [launch["debugServerPath"], *shlex.split(launch["debugServerArgs"])],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if launch["serverStarted"] not in self.process.stderr.readline():
            raise harness.Wrong("the server did not say that it waits")

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        try:
            self.process.wait(20 if kind is None else 0.1)
        except subprocess.TimeoutExpired:
            if kind is None:
                raise harness.Wrong("the server outlives its debugger") from None
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stderr.close()


def do_all(gdb, commands):
    for command in commands:
        text = command["text"]
        try:
            if text.startswith("-"):
                gdb.command(text)
            else:
                gdb.console_of(text)
        except mi.Refused:
            if not command["ignoreFailures"]:
                raise


def started(steps):
    """A session up to the first stop, and steps(session)."""
    def run(ttrace, guest):
        with tempfile.TemporaryDirectory(prefix="ttrace-session-") as folder:
            launch = configuration(ttrace, guest, folder)
            with DebugServer(launch), mi.Gdb() as gdb:
                do_all(gdb, launch["setupCommands"])
                gdb.command("-gdb-set auto-solib-add on")
                gdb.command(f"-environment-cd {folder}")
                gdb.command(f"-file-exec-and-symbols {launch['program']}")
                gdb.command(f"-target-select remote {launch['miDebuggerServerAddress']}")
                do_all(gdb, launch["postRemoteConnectCommands"])
                session = harness.Session(ttrace, guest, gdb)
                for step in steps:
                    getattr(session, "do_" + step[0])(*step[1:])
    return run


SESSIONS = [
    ("F5 goes to the failure", "fails", started([
        ("go",),
        ("event", "failure"),
        ("reason", "signal-received"),
        ("up", "check"),
        ("value", "answer", "41"),
        ("aside_json", "ttrace last-write answer --json", lambda hit: hit["new"] == "41"),
    ])),
    ("breakpoints that are set before", "fails", started([
        ("break", "#checks"),
        ("go",),
        ("event", "failure"),
        ("go", "-exec-continue --reverse"),
        ("at", "#checks"),
        ("value", "answer", "41"),
    ])),
    ("F5 without a failure goes to the end", "calls", started([
        ("go",),
        ("event", "end"),
    ])),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
