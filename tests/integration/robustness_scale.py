"""Recordings that do not fit into the memory that they may use: they go to an unnamed file and
come back from there. Small sizes here; scripts/measure-scale takes those of docs/scale.md.
"""

import os
import re
import resource
import shutil
import signal

from robustness_common import (Skipped, check, in_tmpfs, killed_after, main, require,
                               require_refused)

MEGABYTE = 1 << 20
# The recorder's own code, its libraries and plans.
ROOM = 160 * MEGABYTE


def peak_of(place, *command):
    """Runs a command; its result and the largest resident size of it and what it waited for."""
    process = place.start(*command, stdout=open(place.path("tmp", "out"), "wb"),
                          stderr=open(place.path("tmp", "err"), "wb"))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(place.path("tmp", "out"), "rb") as out, open(place.path("tmp", "err"), "rb") as err:
        texts = out.read(), err.read()
    for name in "out", "err":
        os.remove(place.path("tmp", name))
    result = type("Result", (), {"args": command, "returncode": process.returncode,
                                 "stdout": texts[0], "stderr": texts[1]})
    return result, usage.ru_maxrss * 1024


def recorded(place, *guest, memory="64K"):
    """Recorded, verified and replayed within little memory: the same output."""
    program = place.guest("scale_guest"), *map(str, guest)
    result, peak = peak_of(place, place.ttrace, "record", f"--memory={memory}", "-o", "t.ttrace",
                           "--", *program)
    require(result.returncode == 0, "record", result)
    require(peak < ROOM, f"the recorder needed {peak >> 20} MiB", result)
    for command in ("verify",), ("replay", "--autopilot"):
        again, peak = peak_of(place, place.ttrace, *command, "t.ttrace")
        require(again.returncode == 0, command[0], again)
        require(peak < ROOM, f"{command[0]} needed {peak >> 20} MiB", again)
    require(again.stdout == result.stdout, "another output", again)
    place.require_clean({"t.ttrace", "objects"})
    return result.stdout


def event_count(place):
    result = place.tool("show", "t.ttrace")
    return int(re.search(rb"^events +(\d+)", result.stdout, re.M).group(1))


@check
def many_events(place):
    recorded(place, "events", 40000)
    require(event_count(place) >= 40000, "some are missing")
    return f"{event_count(place)} events"


@check
def calls_before_a_hang(place):
    """The trace of a hang has the calls that were made in the process and not yet collected."""
    result = place.tool("record", "--timeout=1", "-o", "t.ttrace", "--",
                        place.guest("scale_guest"), "hang", "500")
    require(result.returncode == 124, "no hang", result)
    require(event_count(place) >= 500, f"only {event_count(place)} events")
    place.require_verified("t.ttrace")
    place.require_clean({"t.ttrace", "objects"})


@check
def a_hang_of_calls(place):
    """One that makes calls in the process, and never stops for anything but their room."""
    result = place.tool("record", "--timeout=1", "-o", "t.ttrace", "--",
                        place.guest("scale_guest"), "events", str(1 << 60))
    require(result.returncode == 124, "no hang", result)
    place.require_verified("t.ttrace")
    place.require_clean({"t.ttrace", "objects"})
    return f"{event_count(place)} events"


@check
def much_data(place):
    """More than may be in memory, in events that are larger than a frame and in small ones."""
    recorded(place, "read", 24)
    require(os.path.getsize(place.path("t.ttrace")) > 24 * MEGABYTE, "the data is not there")


@check
def large_text(place):
    """100 MB of text: planned once, and quickly found again; every loop of it counts."""
    result = place.tool("record", "--chaos=off", "-o", "t.ttrace", "--",
                        place.guest("large_text_guest"))
    require(result.returncode == 0 and result.stdout.strip() == b"2000", "record", result)
    again = place.tool("replay", "--autopilot", "t.ttrace")
    require(again.returncode == 0 and again.stdout == result.stdout, "replay", again)
    ticks = int(re.search(rb"^ticks +(\d+)", place.tool("show", "t.ttrace").stdout, re.M).group(1))
    require(ticks >= 400 * 2, f"only {ticks} ticks")
    place.require_clean({"t.ttrace", "objects"})
    return f"{ticks} ticks"


@check
def many_processes(place):
    require(recorded(place, "processes", 60).strip() == b"1770", "output")


@check
def more_processes_at_once_than_descriptors(place):
    """Each takes a descriptor of the recorder: what it may raise, it raises. The program keeps the
    limit that it was given."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 256:
        raise Skipped(f"no more than {hard} descriptors")
    program = place.guest("scale_guest"), "alive", "80"
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    result = place.tool("record", "-o", "t.ttrace", "--", "sh", "-c", 'ulimit -Sn; exec "$@"', "sh",
                        *program, preexec_fn=limit)
    require(result.returncode == 0 and result.stdout == b"40\n80\n", "record", result)
    again = place.tool("replay", "--autopilot", "t.ttrace", preexec_fn=limit)
    require(again.stdout == result.stdout, "replay", again)
    place.require_clean({"t.ttrace", "objects"})


@check
def same_trace_as_in_memory(place):
    """Where the events were meanwhile makes no difference."""
    program = place.guest("scale_guest"), "events", "6000"
    dumps = []
    for memory in "64K", "1G":
        place.tool("record", "--seed=1", f"--memory={memory}", "-o", "t.ttrace", "--", *program)
        dump = place.tool("dump", "t.ttrace").stdout
        require(dump.count(b"\n") >= 6000, "not all events")
        # Without times and process numbers.
        dumps.append([line.split()[3] for line in dump.splitlines()])
    require(dumps[0] == dumps[1], "other events")


@check
def a_store_on_another_file_system(place):
    """The unnamed file is made where the traces' directory will be, or copied there."""
    os.mkdir(place.path("elsewhere"))
    result, left = in_tmpfs(place, "64m", "sh", "-c",
                            'mkdir -p store && "$0" record --memory=64K -o store/t.ttrace -- "$@" &&'
                            ' "$0" verify --replay store/t.ttrace', place.ttrace,
                            place.guest("scale_guest"), "events", "10000")
    require(result.returncode == 0, "record and verify", result)
    require("store/t.ttrace" in left, f"no trace: {left}", result)


@check
def quota(place):
    """A recording that is larger than allowed is not a failure of the test."""
    program = place.guest("scale_guest"), "read", "24"
    line = require_refused(place.tool("record", "--memory=1M", "--quota=4M", "--", *program),
                           "not recordable", "4 MiB", "--quota")
    place.require_clean()
    require(not os.path.exists(place.store), "something was kept")
    return line


@check
def disk_full_while_it_grows(place):
    result, left = in_tmpfs(place, "4m", place.ttrace, "record", "--memory=64K", "--",
                            place.guest("scale_guest"), "read", "24")
    line = require_refused(result, "No space left", "choose another directory")
    require(not left, f"files were left behind: {left}", result)
    return line


@check
def killed_while_it_grows(place):
    for moment in 0.2, 0.5, 0.9:
        for number in signal.SIGKILL, signal.SIGTERM:
            killed_after(place, moment, place.ttrace, "record", "--memory=64K", "--",
                         place.guest("scale_guest"), "read", "200", sent=number)
            place.require_clean()
            place.require_verified(*place.traces())
            shutil.rmtree(place.store, ignore_errors=True)


@check
def passing_attempts_leave_nothing(place):
    result = place.run(place.example("basics"), "--ttrace-until-fail=2", "--ttrace-memory=64K")
    require(result.returncode == 0, "exit code", result)
    place.require_clean()
    require(not os.path.exists(place.store), "passing attempts made a trace directory")


@check
def a_failure_that_was_spilled(place):
    """Kept under the next number, twice, and verified."""
    for number in 1, 2:
        result = place.run(place.example("race"), "--ttrace-until-fail=5000", "--ttrace-memory=64K")
        require(result.returncode == 1 and b"replay verified" in result.stdout, "hunt", result)
        require(len(place.traces()) == number, f"not {number} traces", result)
    place.require_clean()


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
