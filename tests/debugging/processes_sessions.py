"""Traces of several processes: on which of them a session opens, and how another one is chosen. The
failed assertion of `children` is in a child, and is what the trace was kept for only if children are
followed."""

import json
import subprocess
import tempfile

import harness

equal = harness.require_equal


def processes(ttrace, guest):
    """As the first one makes them: the first, one that passes, one that fails, and its child."""
    result = subprocess.run([ttrace, "processes", guest.trace, "--json"], stdin=subprocess.DEVNULL,
                            capture_output=True, check=True)
    return json.loads(result.stdout)


def tree(ttrace, guest):
    first, good, bad, killed = processes(ttrace, guest)
    equal([p["parent"] for p in (first, good, bad, killed)],
          [None, first["process"], first["process"], bad["process"]], "parents")
    equal([p["exit_status"] for p in (first, good, bad, killed)], [4, 0, 4, None], "exit statuses")
    equal([p["signal"] for p in (first, good, bad, killed)], [None, None, None, 9], "signals")
    equal([p["assertion_failed"] for p in (first, good, bad, killed)], [False, False, True, False],
          "in which an assertion failed")
    text = subprocess.run([ttrace, "processes", guest.trace], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True).stdout
    indents = [len(line) - len(line.lstrip()) for line in text.splitlines()]
    equal(indents, [0, 2, 2, 4], "the tree's indents")
    ends = ["exited with status 4", "exited with status 0", "exited with status 4", "killed by SIGKILL"]
    for line, end in zip(text.splitlines(), ends):
        equal(end in line, True, f"{end!r} in {line!r}")


def goes(session, command):
    """One of our commands that moves."""
    session.do_go(f'-interpreter-exec console "{command}"')


def at_the_assertion(session):
    """It stands where the child asserted; its history is the child's."""
    session.do_event("failure")
    goes(session, "ttrace goto failure")
    session.do_up("check")
    session.do_value("work", "3")
    session.do_value("passed", "false")
    session.do_console("watch work")
    session.do_go("-exec-continue --reverse")
    session.do_reason("watchpoint-trigger")
    session.do_value("work", "1")
    session.do_at("#the wrong value")
    session.do_clear()
    session.do_go("-exec-continue --reverse")
    session.do_event("begin")
    session.do_clear()
    session.do_go()
    session.do_event("end")


def opened_on(name, flags, which, steps):
    """Opened with these flags, it is on the process of that place in the list."""
    def run(ttrace, guest):
        chosen = processes(ttrace, guest)[which]["process"]
        with harness.opened(ttrace, guest, *[flag.format(chosen) for flag in flags]) as session:
            equal(session.session()["process"], chosen, "the process")
            steps(session)
    return (name, "children", run)


def in_another(session):
    """A process in which nothing failed stands at its begin, and knows where the failure was."""
    session.do_event("begin")
    session.do_run_to("check")
    session.do_value("expected", "2")
    session.do_go()
    session.do_event("end")


def in_the_first(session):
    session.do_run_to("#the parent goes on")
    session.do_value("work", "1")


def in_batch(ttrace, guest):
    """What the user reads who opens the child."""
    result = subprocess.run([ttrace, "replay", "--pid=child", "--batch", "--ex", "print work", guest.trace],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    for text in ("work is as expected", "check (expected=2)", "$1 = 3"):
        equal(text in result.stdout, True, f"{text!r} in {result.stdout!r}")


def asked_in_the_child(ttrace, guest):
    """Questions on the command line to another process than the first."""
    def ask(*words):
        result = subprocess.run([ttrace, *words, "--json"], stdin=subprocess.DEVNULL,
                                capture_output=True, check=True)
        return json.loads(result.stdout)
    arguments = [hit["arguments"] for hit in ask("calls", guest.trace, "check", "--pid=child")]
    equal(arguments, [{"expected": "2"}], "calls in the child")
    equal(ask("calls", guest.trace, "check"), [], "calls in the first process")
    hit = ask("last-write", guest.trace, "work", "--pid=child")
    equal((hit["old"], hit["new"], hit["line"]), ("1", "3", guest.line("the wrong value")), "the write")


def commands_from_a_file(ttrace, guest):
    """What scripts and CI do: gdb commands from a file, then some more, then the end."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as file:
        file.write("ttrace goto end\nprint work * 2\n")
        file.flush()
        result = subprocess.run([ttrace, "replay", "--batch", "--commands=" + file.name,
                                 "--ex", "print work + 1", guest.trace], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=True)
    values = [line for line in result.stdout.splitlines() if line.startswith("$")]
    equal(values, ["$1 = 20", "$2 = 11"], "what was printed")


def no_failed_child(ttrace, guest):
    result = subprocess.run([ttrace, "replay", "--pid=child", guest.trace], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    equal(result.returncode, 2, "exit code")
    equal("no assertion failed in a child" in result.stderr, True, result.stderr)


def hunted(ttrace, guest):
    """With --follow=all the child's assertion is the failure: the trace opens on it by itself."""
    with harness.hunted(ttrace, guest, "--follow=all") as found:
        first, good, bad, killed = processes(ttrace, found)
        equal([p["failed"] for p in (first, good, bad, killed)], [False, False, True, False], "the failure")
        with harness.opened(ttrace, found) as session:
            equal(session.session()["process"], bad["process"], "the process")
            at_the_assertion(session)
        with harness.opened(ttrace, found, f"--pid={first['process']}") as session:
            session.do_event("begin")
            equal(session.session()["failure"]["process"], bad["process"], "the failure's process")
            goes(session, "ttrace goto failure")
            equal(session.session()["event"], session.session()["failure"]["event"], "the event")
            session.do_up("main")


def places_to_go_to(ttrace, guest):
    """`ttrace goto MARK` and `run EVENT`: a test's marks by their text, and events by number."""
    result = subprocess.run([ttrace, "marks", guest.trace, "--json"], stdin=subprocess.DEVNULL,
                            capture_output=True, check=True)
    by_kind = {mark["kind"]: mark["event"] for mark in json.loads(result.stdout)}
    with harness.opened(ttrace, guest) as session:
        def now():
            return session.session()["event"]
        for command, expected in (("ttrace goto case end", by_kind["case_end"]),
                                  ("ttrace goto children.cpp:", by_kind["case_begin"]),
                                  ("ttrace goto Processes.Fork", by_kind["case_end"]),
                                  ("run 30", 30), ("run", session.session()["begin"])):
            goes(session, command)
            equal(now(), expected, command)
        session.do_refuses("ttrace goto nowhere", "text of a mark")
        # The libraries of that place are known there, also after a way over one without any.
        goes(session, "ttrace goto begin")
        goes(session, "ttrace goto end")
        session.do_prints_line("backtrace", "#0 .*exit")
        session.do_refuses("run 99999999", "is not in the history")


def stuck_child(ttrace, guest):
    """A deadlock in another process than the first: the command line says where the lock was taken."""
    result = subprocess.run([ttrace, "blocked", guest.trace, "--json"], stdin=subprocess.DEVNULL,
                            capture_output=True, check=True)
    parent, child = json.loads(result.stdout)["threads"]
    equal(parent["waits_for"]["kind"], "child", "the parent waits for")
    equal(child["waits_for"]["holder"], child["thread"], "who holds the child's lock")
    taken = [frame["function"] for frame in child["waits_for"]["taken"]["backtrace"]]
    equal("takes" in taken, True, f"who took it: {taken}")


SESSIONS = [
    ("a tree of processes", "children", tree),
    opened_on("the child in which the assertion failed", ["--pid=child"], 2, at_the_assertion),
    opened_on("that child by its number", ["--pid={}"], 2, at_the_assertion),
    opened_on("another child", ["--pid={}"], 1, in_another),
    opened_on("the first process by default", [], 0, in_the_first),
    ("the child in a batch", "children", in_batch),
    ("questions in the child", "children", asked_in_the_child),
    ("commands from a file", "children", commands_from_a_file),
    ("no child to choose", "family", no_failed_child),
    ("a hunt that follows children", "children", hunted),
    ("marks and events to go to", "children", places_to_go_to),
    ("a deadlock in a child", "stuck", stuck_child),
]

if __name__ == "__main__":
    harness.main(SESSIONS, {"stuck": ["--timeout=3"]})
