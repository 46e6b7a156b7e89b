"""Traces that are damaged, foreign or incomplete: one line that says so, exit code 2, nothing lost.

The unit tests of src/trace try every byte; here a sample goes through the whole tool.
"""

import ctypes
import glob
import os
import random
import shutil
import socket
import stat
import struct

from robustness_common import Skipped, check, contents, main, require, require_refused

SAMPLES = 60
# What reads a whole trace, and what reads a part of it.
THOROUGH = [("verify",), ("replay", "--autopilot")]
QUICK = [("show",), ("show", "--json"), ("dump",)]


def small_trace(place):
    """A failing case's trace and its store in the place's own .ttrace."""
    result = place.run(place.example("early_exit"), "--ttrace-until-fail=3")
    require(result.returncode == 1, "the example does not fail", result)
    return place.traces()[0]


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def bad_beside(place, data):
    """A bad trace in the same store, so that its objects are there."""
    path = os.path.join(place.store, "bad.ttrace")
    write(path, data)
    return path


def refused_everywhere(place, path, *names, commands=None, binary=True):
    before = contents(path) if os.path.isfile(path) else None
    for command in commands or THOROUGH + QUICK:
        require_refused(place.tool(*command, path), os.path.basename(path), *names,
                        what=" ".join(command))
    if binary:
        for more in ("--ttrace-autopilot",), ("--ttrace-batch",), ("--ttrace-serve=unix:sock",):
            result = place.run(place.example("early_exit"), f"--ttrace-replay={path}", *more)
            require_refused(result, os.path.basename(path), *names, what=more[0])
    if before is not None:
        require(contents(path) == before, "the file was changed")


@check
def truncated(place):
    data = contents(small_trace(place))
    chosen = sorted(set(random.Random(1).sample(range(len(data)), SAMPLES)) |
                    {0, 1, 8, 16, 17, len(data) - 1, len(data) - 8, len(data) - 56})
    for length in chosen:
        path = bad_beside(place, data[:length])
        for command in THOROUGH + QUICK[:1]:
            require_refused(place.tool(*command, path), "bad.ttrace",
                            what=f"{command[0]} of {length} bytes of {len(data)}")
    refused_everywhere(place, bad_beside(place, data[:len(data) // 2]))
    place.require_clean()
    return f"{len(chosen)} lengths of {len(data)} bytes"


@check
def flipped(place):
    data = contents(small_trace(place))
    chosen = sorted(random.Random(2).sample(range(len(data)), SAMPLES))
    for offset in chosen:
        bad = bytearray(data)
        bad[offset] ^= 1 << (offset % 8)
        path = bad_beside(place, bytes(bad))
        require_refused(place.tool("verify", path), "bad.ttrace", what=f"verify, byte {offset}")
        result = place.tool("replay", "--autopilot", path)
        if result.returncode == 0:  # of the recorded program: exit(0)
            require(not result.stderr, f"byte {offset}: a replay succeeds and complains", result)
        else:
            lines = result.stderr.decode(errors="replace").splitlines()
            require(result.returncode == 2 and len(lines) == 1 and "bad.ttrace" in lines[0],
                    f"replay, byte {offset}: not one line and exit code 2", result)
    place.require_clean()
    return f"{len(chosen)} bytes of {len(data)}"


@check
def noise(place):
    """Random bytes after a true beginning, and before a true end."""
    data = contents(small_trace(place))
    chance = random.Random(3)
    for keep in 8, 16, 100, 1000:
        refused_everywhere(place, bad_beside(place, data[:keep] + chance.randbytes(5000)),
                           binary=False)
        refused_everywhere(place, bad_beside(place, chance.randbytes(5000) + data[-keep:]),
                           binary=False)
        refused_everywhere(place, bad_beside(place, data[:keep] + bytes(5000) + data[-keep:]),
                           binary=False)
    refused_everywhere(place, bad_beside(place, data + data))


@check
def empty(place):
    write(place.path("empty.ttrace"), b"")
    refused_everywhere(place, place.path("empty.ttrace"))
    place.require_clean({"empty.ttrace"})


@check
def not_a_trace(place):
    write(place.path("letter.txt"), b"Dear reader,\nthis is no trace.\n" * 40)
    refused_everywhere(place, place.path("letter.txt"), "is not a ttrace file")
    refused_everywhere(place, place.example("race"), "is not a ttrace file")
    place.require_clean({"letter.txt"})


@check
def a_directory(place):
    os.mkdir(place.path("directory"))
    refused_everywhere(place, place.path("directory"), "directory")


@check
def a_fifo(place):
    os.mkfifo(place.path("fifo"))
    refused_everywhere(place, place.path("fifo"))
    require(stat.S_ISFIFO(os.stat(place.path("fifo")).st_mode), "the FIFO is gone")


@check
def a_device_or_socket(place):
    refused_everywhere(place, "/dev/null", binary=False)
    refused_everywhere(place, "/dev/zero", binary=False)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place.path("socket"))
        refused_everywhere(place, place.path("socket"), binary=False)


@check
def missing(place):
    for command in THOROUGH + QUICK:
        require_refused(place.tool(*command, "nowhere.ttrace"), "nowhere.ttrace",
                        "no such file", what=command[0])
    require_refused(place.tool("rm", "nowhere.ttrace"), "nowhere.ttrace")
    refused_everywhere(place, place.path("nowhere.ttrace"))
    require_refused(place.tool("ls", "nowhere"), "nowhere", what="ls")
    place.require_clean()


def forged(data, change):
    """The trace with another header, its checksum made right again."""
    try:
        hash_of = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    except OSError as error:
        raise Skipped(str(error)) from None
    hash_of.restype = ctypes.c_uint64
    hash_of.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    end = 16 + struct.unpack_from("<I", data, 12)[0]
    require(hash_of(data[:end], end) == struct.unpack_from("<Q", data, end)[0],
            "the header is not what this test takes it for")
    header = change(data[:end])
    return header + struct.pack("<Q", hash_of(header, len(header))) + data[end + 8:]


@check
def newer_version(place):
    data = contents(small_trace(place))
    path = bad_beside(place, forged(data, lambda header: header[:8] + struct.pack("<I", 7777) +
                                    header[12:]))
    refused_everywhere(place, path, "7777", "newer")
    return require_refused(place.tool("verify", path), "bad.ttrace")


@check
def foreign_processor(place):
    """A trace that needs what this processor lacks: it can be looked at, but not replayed."""
    data = contents(small_trace(place))
    header = 16 + struct.unpack_from("<I", data, 12)[0]
    features = data[17 + data[16]:header]
    if features == b"\0":
        raise Skipped("traces name no processor features yet")
    name = features[2:2 + features[1]]  # a count, then the length of each and its name
    path = bad_beside(place, forged(data, lambda header: header.replace(name, b"?" * len(name), 1)))
    line = require_refused(place.tool("replay", "--autopilot", path), "bad.ttrace", "?")
    result = place.tool("show", path)
    require(result.returncode == 0 and b"Parser.KnowsHelp" in result.stdout, "show", result)
    return line


@check
def an_object_missing(place):
    trace = small_trace(place)
    replayed = place.tool("replay", "--autopilot", trace)
    require(b"Parser.KnowsHelp" in replayed.stdout, "the replay shows nothing", replayed)
    for victim in sorted(glob.glob(os.path.join(place.store, "objects", "*"))):
        os.rename(victim, place.path("tmp", "object"))
        require_refused(place.tool("verify", trace), os.path.basename(victim), what="verify")
        require_refused(place.tool("replay", "--autopilot", trace), os.path.basename(victim),
                        what="replay")
        require_refused(place.run(place.example("early_exit"), f"--ttrace-replay={trace}",
                                  "--ttrace-batch"), os.path.basename(victim), what="gdb")
        os.rename(place.path("tmp", "object"), victim)
    place.require_verified(trace)
    shutil.rmtree(os.path.join(place.store, "objects"))
    require_refused(place.tool("verify", trace), "objects", what="no objects at all")
    require_refused(place.tool("replay", "--autopilot", trace), "objects", what="no objects")
    place.require_clean()


@check
def an_object_damaged(place):
    trace = small_trace(place)
    for victim in sorted(glob.glob(os.path.join(place.store, "objects", "*"))):
        good = contents(victim)
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 16
        for data, what in ((bytes(bad), "one bit"), (good[:-1], "shorter"), (good + b"x", "longer"),
                           (b"", "empty")):
            write(victim, data)
            require_refused(place.tool("verify", trace), os.path.basename(victim), what=what)
            result = place.tool("replay", "--autopilot", trace)
            # A replay may look only at what it maps. It does not crash, hang or lie.
            if result.returncode != 0:
                require_refused(result, os.path.basename(victim), what=f"replay, {what}")
            else:
                require(b"[ RUN      ] Parser.KnowsHelp" in result.stdout, "replay", result)
            require(contents(victim) == data, "the object was changed")
        write(victim, good)
    place.require_verified(trace)


@check
def an_object_that_is_no_file(place):
    trace = small_trace(place)
    victim = sorted(glob.glob(os.path.join(place.store, "objects", "*")))[0]
    os.remove(victim)
    for make in os.mkdir, os.mkfifo:
        make(victim)
        for command in THOROUGH:
            require_refused(place.tool(*command, trace), os.path.basename(victim), what=command[0])
        (os.rmdir if make is os.mkdir else os.remove)(victim)


@check
def damage_is_mended_by_the_next_recording(place):
    """An object that was cut short must not spoil the traces that come after it."""
    trace = small_trace(place)
    for victim in glob.glob(os.path.join(place.store, "objects", "*")):
        with open(victim, "r+b") as file:
            file.truncate(100)
    result = place.run(place.example("early_exit"), "--ttrace-until-fail=3")
    require(result.returncode == 1, "the second hunt", result)
    require(b"replay verified" in result.stdout + result.stderr, "not verified", result)
    second = [path for path in place.traces() if path != trace]
    require(len(second) == 1, "no second trace", result)
    place.require_verified(second[0], trace)


@check
def several_at_once(place):
    """verify tells about each, and fails if any is bad; ls shows the good ones."""
    good = small_trace(place)
    bad = bad_beside(place, contents(good)[:-1])
    result = place.tool("verify", good, bad)
    require(result.returncode == 2, "verify of a good and a bad one", result)
    require(b"bad.ttrace" in result.stderr, "the bad one is not named", result)
    require(os.path.basename(good).encode() in result.stdout + result.stderr,
            "the good one is not named", result)
    result = place.tool("ls")
    output = (result.stdout + result.stderr).decode()
    require(os.path.basename(good) in output and "bad.ttrace" in output, "ls hides one", result)
    require(result.returncode in (0, 2), "ls", result)
    result = place.tool("rm", bad)
    require(result.returncode == 0 and not os.path.exists(bad), "rm of a bad trace", result)
    place.require_verified(good)


@check
def unreadable(place):
    trace = small_trace(place)
    link = place.path("loop.ttrace")
    os.symlink("loop.ttrace", link)
    refused_everywhere(place, link, binary=False)
    os.remove(link)
    os.symlink("nowhere.ttrace", link)
    refused_everywhere(place, link, binary=False)
    if os.geteuid() == 0:
        os.chmod(place.directory, 0o755)
        result = place.run("setpriv", "--reuid=65534", "--clear-groups", place.ttrace, "verify",
                           trace)
        if result.returncode != 127:
            require_refused(result, os.path.basename(trace), what="without the right to read")


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
