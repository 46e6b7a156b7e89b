"""The directory of traces: packed files, collection, limits, what a trace holds."""

import fcntl
import os
import shutil

from robustness_common import check, contents, main, require, require_refused


def kept(place, *cases):
    result = place.run(place.guest("robustness_cases"), "--ttrace-record",
                       "--gtest_filter=" + ":".join(cases))
    require(result.returncode == 1, f"{cases}", result)


def objects(place):
    return sorted(os.listdir(os.path.join(place.store, "objects")))


@check
def a_packed_trace_needs_nothing_else(place):
    kept(place, "Mixed.FailsAtOnce")
    trace, packed = place.traces()[0], place.path("tmp", "one.ttrace")
    result = place.tool("pack", trace, "-o", packed)
    require(result.returncode == 0, "pack", result)
    first = place.tool("replay", "--autopilot", trace)
    whole = place.tool("show", "--json", trace).stdout.replace(trace.encode(), b"PATH")
    shutil.rmtree(place.store)
    again = place.tool("replay", "--autopilot", packed)
    require((first.returncode, first.stdout) == (again.returncode, again.stdout), "replay", again)
    place.require_verified(packed)
    shown = place.tool("show", "--json", packed).stdout.replace(packed.encode(), b"PATH")
    require(shown == whole, "show")
    require(os.stat(packed).st_mode & 0o777 == 0o600, "its mode")
    stopped = place.tool("replay", "--batch", "--ex", "backtrace", packed)
    require(b"TestBody" in stopped.stdout, "gdb does not find the symbols", stopped)
    require_refused(place.tool("pack", packed, "-o", place.path("tmp", "two.ttrace")), "packed already")
    os.remove(packed)
    place.require_clean()


@check
def a_damaged_packed_trace_is_refused(place):
    kept(place, "Mixed.Leaves")
    packed = place.path("tmp", "one.ttrace")
    require(place.tool("pack", place.traces()[0], "-o", packed).returncode == 0, "pack")
    whole = contents(packed)
    damages = [whole[:-1], whole[:len(whole) // 2], whole[:-30] + b"\0" + whole[-29:]]
    damages += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
                for at in range(len(whole) - 100, len(whole), 7)]
    damages += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
                for at in range(len(whole) // 2, len(whole), len(whole) // 20)]
    for number, damaged in enumerate(damages):
        with open(packed, "wb") as file:
            file.write(damaged)
        result = place.tool("verify", packed)
        require(result.returncode == 2 and len(result.stderr.splitlines()) == 1,
                f"damage {number} is not found", result)
    os.remove(packed)


@check
def objects_of_no_use_are_collected(place):
    kept(place, "Mixed.Leaves")
    before = objects(place)
    stray = os.path.join(place.store, "objects", "0" * 32)
    with open(stray, "wb") as file:
        file.write(b"of no trace")
    # While another ttrace writes there, everything stays.
    folder = os.open(os.path.join(place.store, "objects"), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_SH)
    result = place.tool("gc")
    require(result.returncode == 0 and b"another ttrace writes" in result.stderr, "locked", result)
    require(os.path.exists(stray), "it was removed under another's hands", result)
    os.close(folder)
    result = place.tool("gc")
    require(result.returncode == 0 and b"1 objects removed" in result.stdout, "gc", result)
    require(objects(place) == before, "what is needed stays", result)
    place.require_verified(*place.traces())
    place.require_clean()


@check
def limits_remove_the_oldest_but_no_newest(place):
    for _ in range(3):
        kept(place, "Mixed.Leaves", "Mixed.FailsAtOnce")
    for number, trace in enumerate(place.traces()):
        os.utime(trace, (1000 + number, 1000 + number))
    result = place.tool("gc", "--max-traces=3")
    require(result.returncode == 0, "gc", result)
    names = [os.path.basename(trace) for trace in place.traces()]
    require(len(names) == 3 and "Mixed.Leaves-3.ttrace" in names and
            "Mixed.FailsAtOnce-3.ttrace" in names, f"{names}", result)
    result = place.tool("gc", "--max-size=1K")
    names = [os.path.basename(trace) for trace in place.traces()]
    require(sorted(names) == ["Mixed.FailsAtOnce-3.ttrace", "Mixed.Leaves-3.ttrace"], f"{names}",
            result)
    result = place.run(place.guest("robustness_cases"), "--ttrace-record", "--ttrace-max-traces=2",
                       "--gtest_filter=Mixed.Leaves")
    require(b"the directory is full" in result.stdout and len(place.traces()) == 2, "hunt", result)
    place.require_verified(*place.traces())
    place.require_clean()


@check
def secrets_stay_out(place):
    secret = "correct-horse-battery"
    env = {"DATABASE_PASSWORD": secret, "HARMLESS": "yes"}
    for rule in "deny:*PASSWORD", "deny:DATABASE_*", "allow:PATH,HARMLESS,TMP*":
        result = place.run(place.guest("robustness_cases"), "--ttrace-record",
                           "--gtest_filter=Mixed.Leaves", f"--ttrace-environment={rule}", env=env)
        require(result.returncode == 1, rule, result)
        trace = place.traces()[-1]
        names = place.tool("show", "--environment", trace).stdout.decode().split()
        require("DATABASE_PASSWORD" not in names and "HARMLESS" in names, f"{rule}: {names}")
        require(secret.encode() not in place.tool("replay", "--batch", "--ex",
                                                  "x/20s *(char**)environ", trace).stdout, rule)
        os.remove(trace)
    require_refused(place.run(place.guest("robustness_cases"), "--ttrace-record",
                              "--ttrace-environment=PATH"), "--ttrace-environment", "allow:")


@check
def what_a_trace_holds_is_listed(place):
    kept(place, "Mixed.Leaves")
    files = place.tool("show", "--files", place.traces()[0]).stdout.decode()
    require("robustness_cases" in files and "libc.so.6" in files, files)


@check
def a_place_where_nothing_can_be_kept_is_found_first(place):
    result = place.tool("record", "-o", "/proc/x", "--", "touch", place.path("tmp", "ran"))
    line = require_refused(result, "/proc", "-o FILE")
    require("--ttrace-dir" not in line, line)
    require(not os.path.exists(place.path("tmp", "ran")), "the program was run", result)
    result = place.run(place.guest("robustness_cases"), "--ttrace-record", "--ttrace-dir=/proc/x")
    require_refused(result, "/proc", "--ttrace-dir=DIR")


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
