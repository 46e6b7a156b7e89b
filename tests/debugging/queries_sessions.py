"""Questions to a trace: on the command line, in gdb, and from any debugger; as JSON."""

import json
import os
import subprocess
import tempfile

import harness


def ask(ttrace, guest, name, *arguments):
    result = subprocess.run([ttrace, name, guest.trace, *arguments, "--json"],
                            stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode != 0:
        raise harness.Wrong(f"{name}: exit code {result.returncode}: {result.stderr.decode()}")
    try:
        return json.loads(result.stdout.decode())
    except ValueError:
        raise harness.Wrong(f"{name} printed {result.stdout!r}") from None


def equal(found, expected, what="the answer"):
    harness.require_equal(found, expected, what)


def events(ttrace, guest):
    everything = ask(ttrace, guest, "events")
    equal([event["event"] for event in everything], list(range(len(everything))))
    equal(everything[0]["kind"], "exec")
    equal(everything[-1]["kind"], "end")
    equal(ask(ttrace, guest, "events", "3", "5"), everything[3:6])
    equal(ask(ttrace, guest, "events", "5"), everything[5:])
    times = [event["time_us"] for event in everything]
    equal(times, sorted(times), "times")


def refusals(ttrace, guest):
    for words in (["events", guest.trace, "99999999"], ["events", guest.trace, "x"],
                  ["events", guest.trace, "1", "2", "3"], ["marks", guest.trace, "1"],
                  ["marks", "/nonexistent"], ["marks"], ["blocked", guest.trace, "1"]):
        result = subprocess.run([ttrace, *words], stdin=subprocess.DEVNULL, capture_output=True,
                                check=False)
        equal((result.returncode, result.stdout), (2, b""), f"{words}")
        equal(len(result.stderr.splitlines()), 1, f"lines that {words} says")


def output(ttrace, guest):
    found = ask(ttrace, guest, "output")
    equal([(o["stream"], o["text"]) for o in found], [("stdout", "child\n"),
                                                      ("stderr", "to stderr\n")])
    by_number = {e["event"]: e for e in ask(ttrace, guest, "events")}
    for one in found:
        equal("write" in by_number[one["event"]]["text"], True, "the event writes")
        equal(by_number[one["event"]]["thread"], one["thread"], "the event's thread")


def processes(ttrace, guest):
    first, child, killed = ask(ttrace, guest, "processes")
    equal((first["parent"], first["exit_status"], first["signal"]), (None, 0, None))
    equal((child["parent"], child["exit_status"], child["signal"]), (first["process"], 7, None))
    equal((killed["parent"], killed["exit_status"], killed["signal"]), (first["process"], None, 9))
    equal(child["executables"], first["executables"], "what the child runs")


def threads(ttrace, guest):
    found = ask(ttrace, guest, "threads")
    equal(len(found["threads"]), 2, "threads")
    main, worker = found["threads"]
    equal((main["parent"], worker["parent"]), (None, main["thread"]))
    last = -1
    for turn in found["turns"]:
        equal(turn["first"], last + 1, "a turn's first event")
        last = turn["last"]
    equal({turn["thread"] for turn in found["turns"]}, {main["thread"], worker["thread"]})


def blocked(ttrace, guest):
    found = ask(ttrace, guest, "blocked")
    by_order = found["threads"]
    equal(len(by_order), 5, "threads")
    left, right = (thread["thread"] for thread in by_order[1:3])
    waits = [(t["waits_for"]["kind"], t["waits_for"]["holder"]) for t in by_order]
    equal(waits, [("thread", left), ("mutex", right), ("mutex", left), ("time", None),
                  ("futex", None)])
    equal(set(found["deadlock"]), {left, right}, "the deadlock")
    equal([taken_in(thread) for thread in by_order], [None, "takes_right", "takes_left", None, None],
          "where locks were taken")
    text = subprocess.run([ttrace, "blocked", guest.trace], capture_output=True, check=True)
    equal("deadlock: thread" in text.stdout.decode(), True, "the text names it")
    equal("takes_right" in text.stdout.decode(), True, "the text has the backtrace")


def taken_in(thread):
    """The guest's function in which the lock was taken that a thread waits for."""
    taken = (thread["waits_for"] or {}).get("taken")
    if taken is None:
        return None
    return next(frame["function"] for frame in taken["backtrace"]
                if (frame["function"] or "").startswith("takes_"))


def blocked_without_gdb(ttrace, guest):
    """Then all but the backtraces, and a line that says so."""
    with tempfile.TemporaryDirectory(prefix="ttrace-empty-") as nothing:
        result = subprocess.run([os.path.abspath(ttrace), "blocked", guest.trace, "--json"],
                                env=dict(os.environ, PATH=nothing), capture_output=True, check=True)
    found = json.loads(result.stdout)
    equal(len(found["deadlock"]), 2, "the deadlock")
    equal([taken_in(thread) for thread in found["threads"]], [None] * 5, "where locks were taken")
    equal(result.stderr.count(b"\n"), 1, "lines on standard error")


def last_write(ttrace, guest):
    # At the end of the recording nothing has changed it since bump().
    found = ask(ttrace, guest, "last-write", "counter")
    equal((found["function"], found["old"], found["new"]), ("bump", "52", "53"))
    equal(found["line"], guest.line("inside bump"), "line")
    equal([frame["function"] for frame in found["backtrace"]][:2], ["bump", "main"])


def writes(ttrace, guest):
    equal([hit["new"] for hit in ask(ttrace, guest, "writes", "counter")], ["52", "53"])


def calls(ttrace, guest):
    equal([hit["arguments"] for hit in ask(ttrace, guest, "calls", "twice")], [{"x": "1"}])
    equal([hit["arguments"] for hit in ask(ttrace, guest, "calls", "bump")], [{"by": "1"}])


def child(ttrace, guest):
    """Another process than the first."""
    _, chosen, _ = ask(ttrace, guest, "processes")
    with harness.opened(ttrace, guest, f"--pid={chosen['process']}") as session:
        equal(session.session()["process"], chosen["process"], "the process")
        session.do_event("begin")
        session.do_value("shared_number", "1")
        session.do_catch("syscall", "exit_group")
        session.do_go()
        session.do_reason("syscall-entry")
        session.do_value("$rdi", str(chosen["exit_status"]))
        session.do_value("shared_number", "7")
        session.do_go("-exec-continue --reverse")
        session.do_event("begin")


def no_such_process(ttrace, guest):
    result = subprocess.run([ttrace, "replay", "--pid=1", guest.trace], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    equal(result.returncode, 2, "exit code")
    equal("no process 1; ttrace processes lists them" in result.stderr, True, result.stderr)


SESSIONS = [
    ("events", "calls", events),
    ("refusals", "calls", refusals),
    ("threads", "calls", threads),
    ("output", "family", output),
    ("processes", "family", processes),
    ("blocked", "blocked", blocked),
    ("blocked, without a gdb", "blocked", blocked_without_gdb),
    ("a child process", "family", child),
    ("a process that is not there", "family", no_such_process),
    ("checkpoints", "calls", [
        ("run_to", "#inside bump"),
        ("fingerprint", "first"),
        ("console", "checkpoint"),
        ("run_to", "#last"),
        ("fingerprint", "second"),
        ("console", "checkpoint"),
        ("prints_line", "info checkpoints", r"1: event \d+\+\d+\+\d+, thread \d+: 0x\w+ in bump at .*:35"),
        ("prints_line", "info checkpoints", r"2: event .* in main at "),
        ("go", '-interpreter-exec console "restart 1"'),
        ("value", "counter", "52"),
        ("fingerprint_is", "first"),
        ("go", '-interpreter-exec console "restart 2"'),
        ("fingerprint_is", "second"),
        ("console", "delete checkpoint 1"),
        ("refuses", "restart 1", "there is no checkpoint 1"),
        ("refuses", "restart x", "the number of a checkpoint is missing"),
    ]),
    ("who wrote it last, on the command line", "calls", last_write),
    ("where locks were taken", "blocked", [
        ("console", "monitor goto end"),
        ("go",),
        ("aside_json", "ttrace blocked --json", lambda found: [
            [frame["function"] for frame in thread["waits_for"]["taken"]["backtrace"]
             if (frame["function"] or "").startswith("takes_")]
            for thread in found["threads"] if "taken" in (thread["waits_for"] or {})
        ] == [["takes_right"], ["takes_left"]]),
    ]),
    ("in gdb", "calls", [
        ("run_to", "#ready"),
        ("json", "ttrace events 3 5 --json", lambda found: [e["event"] for e in found] == [3, 4, 5]),
        ("json", "monitor threads --json", lambda found: len(found["threads"]) == 2),
        ("json", "monitor when --json", lambda found: found["case"] == "" and found["event"] > 0),
        ("json", "ttrace blocked --json", lambda found: found["deadlock"] == []),
        ("json", "ttrace output --json", lambda found: found[0]["text"] == "said x\n"),
        ("json", "ttrace processes --json", lambda found: found[0]["exit_status"] == 0),
        ("json", "ttrace marks --json", lambda found: found == []),
    ]),
    ("who wrote it last, in gdb", "calls", [
        ("run_to", "#last"),
        ("up", "main"),
        ("fingerprint", "here"),
        ("aside_json", "ttrace last-write counter --json",
         lambda found: (found["function"], found["old"], found["new"]) == ("bump", "52", "53")),
        ("aside_json", "ttrace writes counter --json",
         lambda found: [hit["new"] for hit in found] == ["52", "53"]),
        ("aside_json", "ttrace calls bump --json",
         lambda found: [hit["arguments"] for hit in found] == [{"by": "1"}]),
        ("aside_json", "ttrace last-write account.balance --json",
         lambda found: found["function"] == "Account::deposit" and found["new"] == "12"),
        ("aside_json", "ttrace last-write untouched --json", lambda found: found is None),
        ("value", "name", '"ada"'),
        ("value", "counter", "53"),
        ("fingerprint_is", "here"),
    ]),
    ("looking aside forgets no breakpoint", "calls", [
        ("run_to", "#ready"),
        ("break", "#last"),
        ("break", "twice"),
        ("aside_json", "ttrace calls say --json", lambda found: len(found) == 1),
        ("aside_json", "ttrace writes counter --json", lambda found: len(found) == 2),
        ("go",),
        ("at", "twice"),
        ("aside_json", "ttrace calls twice --json", lambda found: len(found) == 1),
        ("go",),
        ("at", "#last"),
    ]),
    ("all writes, on the command line", "calls", writes),
    ("all calls, on the command line", "calls", calls),
]

if __name__ == "__main__":
    harness.main(SESSIONS, {"blocked": ["--timeout=3"]})
