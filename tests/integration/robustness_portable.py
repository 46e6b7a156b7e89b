"""What a trace says of the CPU that it needs, and where it replays."""

import json
import os
import re
import shutil

from robustness_common import (Skipped, as_nobody, check, contents, main, require,
                               require_refused)


def flags_here():
    for line in contents("/proc/cpuinfo").decode(errors="replace").splitlines():
        if line.startswith("flags"):
            return set(line.split(":")[1].split())
    return set()


def record(place, guest, *flags, name="t.ttrace"):
    result = place.tool("record", *flags, "-o", name, "--", place.guest(guest))
    require(result.returncode == 0, "record", result)
    shown = json.loads(place.tool("show", "--json", name).stdout)
    return result.stdout.decode(), shown


def replayed_on(place, cpu, name="t.ttrace"):
    return place.tool("replay", "--autopilot", f"--cpu={cpu}", name)


@check
def features_are_those_of_the_cpu(place):
    output, shown = record(place, "portable_guest")
    needed = set(shown["cpu_features"])
    require(needed and needed <= flags_here(), f"not of this CPU: {needed - flags_here()}")
    for told, name in (("avx2 1", "avx2"), ("avx512f 1", "avx512f"), ("bmi2 1", "bmi2")):
        require((told in output) == (name in flags_here()), f"{name} was hidden: {output}")
        # libc has code for it and chooses by what it is told.
        require((name in needed) == (name in flags_here()), f"{name}: {needed}")
    require("needs a CPU" in place.tool("show", "t.ttrace").stdout.decode(), "show says nothing")
    return f"{len(needed)} features"


@check
def a_lesser_cpu_is_told_what_it_lacks(place):
    _, shown = record(place, "portable_guest")
    if "avx2" not in shown["cpu_features"]:
        raise Skipped("this CPU has nothing beyond x86-64-v2")
    line = require_refused(replayed_on(place, "x86-64-v2"), "t.ttrace", "avx2", "bmi2", "portable")
    for name in set(shown["cpu_features"]) & {"avx", "avx512f", "fma"}:
        require(re.search(rf"\b{name}\b", line), f"{name} is not named")
    have = ",".join(name for name in shown["cpu_features"] if name != "avx2")
    line = require_refused(replayed_on(place, have), "lacks: avx2;")
    require(replayed_on(place, ",".join(shown["cpu_features"])).returncode == 0, "all are enough")
    return line


@check
def portable_traces_replay_on_any_x86_64_v2(place):
    for ticks in "software", "none":
        output, shown = record(place, "portable_guest", "--portable", f"--ticks={ticks}")
        require(output.startswith("sse4.2 1 avx 0 avx2 0 bmi2 0 avx512f 0 fma 0\n"),
                f"ticks {ticks}: the program was told: {output}")
        result = replayed_on(place, "x86-64-v2")
        require(result.returncode == 0 and result.stdout.decode() == output, "replay", result)
    return " ".join(shown["cpu_features"])


@check
def real_programs_are_portable(place):
    for program in (("sh", "-c", "echo a b | sed s/a/x/ | sort"), ("perl", "-e", "print 2**0.5"),
                    ("python3", "-c", "import hashlib; print(hashlib.sha256(b'x').hexdigest())"),
                    ("gdb", "--version")):
        if not shutil.which(program[0]):
            continue
        result = place.tool("record", "--portable", "-o", "t.ttrace", "--", *program)
        require(result.returncode == 0, program[0], result)
        again = replayed_on(place, "x86-64-v2")
        require(again.returncode == 0 and again.stdout == result.stdout, program[0], again)


@check
def code_that_does_not_ask_cannot_be_hidden_from(place):
    """Built for AVX: --portable does not keep it from using it, and the trace says so."""
    if "avx" not in flags_here():
        raise Skipped("this CPU has no AVX")
    output, shown = record(place, "portable_avx", "--portable")
    require(output == "28 28\n", output)
    require("avx" in shown["cpu_features"] and "avx2" not in shown["cpu_features"], str(shown))
    line = require_refused(replayed_on(place, "x86-64-v2"), "lacks: avx;")
    result = replayed_on(place, "x86-64-v3")
    require(result.stdout.decode() == output, "replay", result)
    return line


@check
def vendors_differ(place):
    _, shown = record(place, "portable_guest")
    rows = [row for row in shown["cpu"]["by_vendor"] if row.startswith("portable_guest:")]
    require(rows == ["portable_guest: rsqrtps, xgetbv"], f"{shown['cpu']['by_vendor']}")
    require(not shown["cpu"]["saves_state"], f"XSAVE in {shown['cpu']['saves_state']}")
    require(shown["cpu"]["vendor"] in contents("/proc/cpuinfo").decode(), shown["cpu"]["vendor"])
    return "; ".join(shown["cpu"]["by_vendor"])


@check
def programs_that_write_code_may_use_what_they_are_told_of(place):
    if not shutil.which("perl"):
        raise Skipped("perl is not installed")
    _, before = record(place, "portable_guest")
    result = place.tool("record", "-o", "t.ttrace", "--", "perl", "-e",
                        "syscall(9, 0, 4096, 7, 0x22, -1, 0) != -1 or die")
    require(result.returncode == 0, "record", result)
    shown = json.loads(place.tool("show", "--json", "t.ttrace").stdout)
    require(set(before["cpu_features"]) <= set(shown["cpu_features"]) and
            len(shown["cpu_features"]) >= len(before["cpu_features"]), "not all features")


@check
def another_user_another_directory_no_binary(place):
    program = place.path("program")
    shutil.copy(place.guest("portable_guest"), program)
    os.mkdir(place.path("store"))
    result = place.tool("record", "-o", "store/t.ttrace", "--", program)
    require(result.returncode == 0, "record", result)
    os.remove(program)
    shutil.move(place.path("store"), place.path("elsewhere"))
    nobody = as_nobody(place)
    for base, _, names in os.walk(place.path("elsewhere")):
        os.chmod(base, 0o755)
        for name in names:
            os.chmod(os.path.join(base, name), 0o644)
    again = place.run(*nobody, place.ttrace, "replay", "--autopilot",
                      place.path("elsewhere", "t.ttrace"), cwd="/", env={"HOME": "/nowhere"})
    require(again.returncode == 0 and again.stdout == result.stdout, "replay", again)


@check
def wrong_names(place):
    record(place, "portable_guest")
    for wrong in "x86-64-v9", "avx3", ",":
        require_refused(replayed_on(place, wrong), "no CPU feature")


@check
def the_code_is_decoded_once(place):
    """The result lies in the cache; a damaged one is made again."""
    _, shown = record(place, "portable_guest")
    cache = place.path("home", ".cache", "ttrace")
    names = [name for name in os.listdir(cache) if name.endswith(".uses")]
    require(names, "nothing was kept")
    for name in names:
        with open(os.path.join(cache, name), "w", encoding="utf-8") as file:
            file.write("uses 2 asks saves avx2")  # cut off
    _, again = record(place, "portable_guest")
    require(again["cpu_features"] == shown["cpu_features"], "another answer")


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
