"""Limits that the supervisor meets in the middle of its work: never a test's failure, never silent.

What counts is a test that passes: whatever the limit, it passes, or ttrace says in one line why it
could not tell.
"""

import glob
import os
import resource
import shutil
import signal

from robustness_common import check, in_tmpfs, main, require

PASSES = "--ttrace-until-fail=2"
PAGE = 4096
MEGABYTE = 1 << 20


def limited(place, what, value, *command, hard=None):
    def limit():
        resource.setrlimit(what, (value, hard if hard is not None else value))
    return place.run(*command, preexec_fn=limit)


def never_a_failure(place, result, what):
    """Passed, or one line that says why it could not be told; nothing is left. The exit code."""
    require(result.returncode in (0, 2, 127, -signal.SIGSEGV), what, result)
    text = (result.stdout + result.stderr).decode(errors="replace")
    for bad in "terminate called", "internal error", "FAILED", "what():":
        require(bad not in text, f"{what}: {bad}", result)
    if result.returncode == 2:
        about = [line for line in text.splitlines()
                 if line.startswith("ttrace: ") or "not recordable" in line]
        require(len(about) >= 1, f"{what}: no line says why", result)
        require(len(result.stderr.splitlines()) <= 1, f"{what}: more than one line", result)
    place.require_clean()
    require(not os.path.exists(place.store), f"{what}: something was kept", result)
    return result.returncode


def commands(place):
    return ((place.example("basics"), PASSES),
            (place.ttrace, "until-fail", "--attempts=2", "--", place.example("basics")))


@check
def descriptors(place):
    """Every number of descriptors up to one that is enough."""
    codes = []
    for number in range(3, 33):
        codes.append([never_a_failure(place, limited(place, resource.RLIMIT_NOFILE, number, *command),
                                      f"{number} descriptors, {command[1]}")
                      for command in commands(place)])
    require(codes[-1] == [0, 0], f"{3 + len(codes) - 1} descriptors are not enough")
    return f"enough: {3 + codes.index([0, 0])}"


@check
def address_space(place):
    """ulimit -v, which the attempts inherit: what passes natively does not fail here."""
    codes = []
    # The cache of plans is filled first: to analyse libc takes more memory than anything else.
    require(place.run(*commands(place)[0]).returncode == 0, "without a limit")
    sizes = list(range(4, 40, 3)) + [48, 64, 96, 128, 192, 256]
    for size in sizes:
        native = limited(place, resource.RLIMIT_AS, size * MEGABYTE, place.example("basics"))
        result = limited(place, resource.RLIMIT_AS, size * MEGABYTE, *commands(place)[0])
        if native.returncode == 0:
            codes.append(never_a_failure(place, result, f"{size} MiB"))
    require(codes and codes[-1] == 0, f"{sizes[-1]} MiB are not enough")
    return " ".join(map(str, codes))


@check
def address_space_of_the_tool(place):
    """Every command on a trace under ulimit -v: its result or one line."""
    trace = place.record("sh", "-c", "ls -l / | cat")
    outcomes = {}
    for command in (("replay", "--autopilot", trace), ("verify", trace), ("dump", trace),
                    ("show", trace), ("ls",)):
        for size in list(range(4, 40, 3)) + [64, 256]:
            result = limited(place, resource.RLIMIT_AS, size * MEGABYTE, place.ttrace, *command)
            what = f"{command[0]} in {size} MiB"
            require(result.returncode in (0, 2, 127, -signal.SIGSEGV), what, result)
            require(b"terminate called" not in result.stderr, what, result)
            if result.returncode == 2:
                require(result.stderr.startswith(b"ttrace: "), what, result)
                require(len(result.stderr.splitlines()) == 1, what, result)
            outcomes[command[0]] = result.returncode
    require(set(outcomes.values()) == {0}, f"256 MiB are not enough: {outcomes}")
    place.require_clean({"recorded.ttrace", "objects"})


@check
def disk_full_at_every_file(place):
    """A disk that is full a page before, at, and a page after the end of every file that is written
    for a trace, and within the trace itself."""
    command = place.ttrace, "record", "--", "sh", "-c", "echo hello"
    result, whole = in_tmpfs(place, "64m", *command)
    require(result.returncode == 0, "64 MiB are not enough", result)
    pages = [-(-size // PAGE) for size, _ in sorted(whole.values(), key=lambda row: row[1])]
    ends = [sum(pages[:i + 1]) for i in range(len(pages))]
    moments = {end + around for end in ends for around in (-1, 0, 1)}
    moments |= set(range(ends[-2], ends[-1] + 1)) if len(ends) > 1 else set()
    full = 0
    for size in sorted(moments):
        result, left = in_tmpfs(place, str(max(size, 1) * PAGE), *command)
        what = f"{size} of {ends[-1]} pages"
        require(b"hello\n" in result.stdout, f"{what}: the program's output is lost", result)
        if result.returncode == 0:
            continue
        full += 1
        require(result.returncode == 2, what, result)
        require(len(result.stderr.splitlines()) == 1 and b"No space left" in result.stderr,
                f"{what}: not one line", result)
        require(not left, f"{what}: files were left behind: {left}", result)
    require(full, "no size was too small")
    return f"{full} of {len(moments)} sizes were too small"


@check
def file_sizes(place):
    """RLIMIT_FSIZE between the sizes of the files that are written."""
    trace = place.record("sh", "-c", "echo hello")
    sizes = sorted(os.path.getsize(path) for path in
                   [trace, *glob.glob(place.path("objects", "*"))])
    os.remove(trace)
    shutil.rmtree(place.path("objects"))
    for size in {0, 1, 4096} | {size - 1 for size in sizes}:
        result = limited(place, resource.RLIMIT_FSIZE, size, place.ttrace, "record", "-o",
                         "t.ttrace", "--", "sh", "-c", "true", hard=resource.RLIM_INFINITY)
        # Standard output and error are files, too.
        require(result.returncode in (2, -signal.SIGXFSZ), f"{size} bytes", result)
        place.require_clean()


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
