import gdb
import glob
import json
import os
import re
import sys


class _TtraceQuiet:
    """While gdb gets somewhere in several steps, only the last one is shown."""

    def __enter__(self):
        self.former = gdb.parameter("suppress-cli-notifications")
        gdb.execute("set suppress-cli-notifications on")

    def __exit__(self, *unused):
        gdb.execute("set suppress-cli-notifications " + ("on" if self.former else "off"))


class _TtraceMute:
    """gdb says nothing on its standard output: there, only an answer is wanted. (Stops are printed
    whatever to_string and the settings say.)"""

    def __enter__(self):
        gdb.flush()
        self.former = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __exit__(self, *unused):
        gdb.flush()
        os.dup2(self.former, 1)
        os.close(self.former)


def _ttrace_monitor(command):
    return gdb.execute("monitor " + command, to_string=True)


def _ttrace_forget_caches():
    for cache in ("register-cache", "dcache"):
        gdb.execute("maintenance flush " + cache, to_string=True)


def _ttrace_session():
    return json.loads(_ttrace_monitor("session"))


def _ttrace_say(text):
    for line in text.rstrip("\n").split("\n"):
        gdb.write("[ttrace] " + line + "\n")


def _ttrace_frames():
    frame = gdb.newest_frame()
    while frame is not None and frame.is_valid():
        yield frame
        try:
            frame = frame.older()
        except gdb.error:
            return


def _ttrace_common_tail(a, b):
    """How many components at the end of two paths agree."""
    count = 0
    for x, y in zip(reversed(a.split("/")), reversed(b.split("/"))):
        if x != y:
            break
        count += 1
    return count


def _ttrace_failure_frame(failure):
    """The innermost frame at the assertion's line; else in its file."""
    best = None
    best_rank = None
    for frame in _ttrace_frames():
        sal = frame.find_sal()
        if sal.symtab is None:
            continue
        tail = max(_ttrace_common_tail(failure["file"], sal.symtab.filename),
                   _ttrace_common_tail(failure["file"], sal.symtab.fullname()))
        if tail == 0:
            continue
        rank = (sal.line == failure["line"], tail, -abs(sal.line - failure["line"]))
        if best_rank is None or rank > best_rank:
            best, best_rank = frame, rank
    return best


_TTRACE_FOREIGN = ("/usr/include/", "/usr/src/", "/usr/lib/", "/gtest/", "/catch2/",
                   "/integrations/", "glibc", "/sysdeps/", "./nptl/", "./stdlib/", "./csu/",
                   "../sysdeps", "/libstdc++", "./assert/", "./misc/")


def _ttrace_select_own_frame():
    """The innermost frame that has a source line and is no library's."""
    for frame in _ttrace_frames():
        sal = frame.find_sal()
        if sal.symtab is None or sal.line == 0:
            continue
        names = (sal.symtab.filename, sal.symtab.fullname())
        if not any(part in name for part in _TTRACE_FOREIGN for name in names):
            frame.select()
            return


class _TtraceArrival(gdb.Breakpoint):
    """Where a frame goes on when the calls that it made have returned."""

    def __init__(self, frame, thread):
        super().__init__("*0x%x" % frame.pc(), internal=True, temporary=False)
        self.silent = True
        self.thread = thread.num
        self.stack = int(frame.read_register("rsp")) & 0xffffffffffffffff
        self.arrived = False

    def stop(self):
        # Not the same place in a recursion of it.
        now = int(gdb.newest_frame().read_register("rsp")) & 0xffffffffffffffff
        self.arrived = now == self.stack
        return self.arrived


def _ttrace_to_assertion(failure):
    """From the mark to the frame that asserted, just after the assertion."""
    frame = _ttrace_failure_frame(failure)
    if frame is None:
        _ttrace_select_own_frame()
        return
    if frame.pc() == gdb.newest_frame().pc():
        frame.select()
        return
    arrival = _TtraceArrival(frame, gdb.selected_thread())
    try:
        _ttrace_continue()
        arrived = arrival.arrived
    except gdb.error:
        arrived = False
    arrival.delete()
    if not arrived:
        # It left by an exception, or never came back: show it from the mark.
        _ttrace_goto("failure")
        frame = _ttrace_failure_frame(failure)
        if frame is not None:
            frame.select()
        return
    frame = _ttrace_failure_frame(failure)
    if frame is not None:
        frame.select()


def _ttrace_continue():
    with _TtraceQuiet():
        gdb.execute("continue", to_string=True)


def _ttrace_goto(place):
    """To a place in the recording; an error if there is no such place."""
    answer = _ttrace_monitor("goto " + place)
    if "next continue" not in answer:
        raise gdb.GdbError(answer.strip())
    # A resume is what makes gdb forget registers, frames and threads.
    _ttrace_continue()
    # It learns of libraries when it stops where they are loaded, and no such place was passed.
    loads = gdb.parameter("auto-solib-add")
    gdb.execute("sharedlibrary" if loads else "info sharedlibrary", to_string=True)


def _ttrace_own_failure(session):
    """The failure, if it happened in the session's process; or None."""
    failure = session.get("failure")
    return failure if failure and failure["process"] == session["process"] else None


def _ttrace_to_failure(session):
    """To the frame that failed, from the event at which the session begins."""
    failure = _ttrace_own_failure(session)
    if failure is None:
        return
    if failure["kind"] == "mark":
        _ttrace_to_assertion(failure)
    else:
        _ttrace_select_own_frame()


def _ttrace_show_place(session):
    failure = session.get("failure")
    if failure is not None:
        where = ""
        if failure["file"]:
            where = "%s:%d: " % (failure["file"], failure["line"])
        name = session["case"] + ": " if session["case"] else ""
        elsewhere = ""
        if _ttrace_own_failure(session) is None:
            elsewhere = " (in process %d, at event %d)" % (failure["process"], failure["event"])
        _ttrace_say(name + where + failure["message"] + elsewhere)
    now = _ttrace_session()
    thread = gdb.selected_thread()
    text = "event %d, in a history from %d to %d" % (now["event"], now["begin"], now["end"])
    own = _ttrace_own_failure(session)
    if own is not None and own["kind"] == "mark" and now["event"] > own["event"]:
        text = "just after the failed assertion (event %d): %s" % (own["event"], text)
    if thread is not None:
        text += ", thread %d (%d)" % (thread.num, thread.ptid[1])
    _ttrace_say(text)
    gdb.execute("frame")


def _ttrace_load_printers():
    """gdb looks for the printers of libstdc++ by the path of a local file; ours are in the trace."""
    scripts = os.path.join(gdb.parameter("data-directory"), "auto-load", "**", "libstdc++.so*-gdb.py")
    for path in glob.glob(scripts, recursive=True):
        with open(path) as text:
            found = re.search(r"^pythondir = '(.*)'", text.read(), re.MULTILINE)
        if found is None:
            continue
        sys.path.insert(0, os.path.normpath(found.group(1)))
        try:
            from libstdcxx.v6 import register_libstdcxx_printers
            register_libstdcxx_printers(None)
        except (ImportError, RuntimeError):
            pass  # absent, or registered by the user's own settings
        return


_ttrace_load_printers()
# What is called runs in a copy: if that crashes, nothing of it is of interest.
gdb.execute("set unwindonsignal on")


def _ttrace_connect(remote, program):
    with _TtraceQuiet():
        if program:
            gdb.execute("file " + program, to_string=True)
        gdb.execute("target remote " + remote, to_string=True)
    session = _ttrace_session()
    _ttrace_to_failure(session)
    return session


def ttrace_start(script, line, shows=True):
    """Asks the server on descriptor `line` where to connect, and goes to the failure."""
    os.close(script)
    os.set_inheritable(line, False)
    os.write(line, b"?")
    answer = b""
    while not answer.endswith(b"\n"):
        more = os.read(line, 4096)
        if not more:
            raise gdb.GdbError("ttrace has ended; its message is above")
        answer += more
    remote, program = answer.decode().rstrip("\n").split("\t")
    if shows:
        _ttrace_show_place(_ttrace_connect(remote, program))
        return
    with _TtraceMute():
        session = _ttrace_connect(remote, program)
        if _ttrace_own_failure(session) is None:
            # A question on the command line is about all that was recorded, up to the failure.
            _ttrace_goto("end" if session.get("failure") is None else "failure")

