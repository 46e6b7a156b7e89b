"""Finds each concurrency bug of tests/programs/bugs, and replays what it found.

    bugs_test.py --ttrace TTRACE --bugs DIRECTORY NAME...

A bug must show (exit status 1) within so many seeds; a replay of that recording must print the same
and end the same. A program that ends any other way fails the test.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ATTEMPTS = 500
# A command that takes longer hangs; an attempt takes some milliseconds.
LIMIT = 60


class Wrong(Exception):
    """What a command did instead of what it should do."""


def run(*command):
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise Wrong(f"hangs: {' '.join(command)}") from None


def require(condition, what, *results):
    if not condition:
        shown = [f"--- {' '.join(r.args)}: {r.returncode}\n{r.stdout!r}\n{r.stderr!r}"
                 for r in results]
        raise Wrong("\n".join([what, *shown]))


def check(ttrace, bug):
    """The number of attempts that it took."""
    with tempfile.TemporaryDirectory(prefix="ttrace-bug-") as directory:
        trace = os.path.join(directory, "bug.ttrace")
        for seed in range(1, ATTEMPTS + 1):
            recorded = run(ttrace, "record", "--seed", str(seed), "-o", trace, "--timeout", "10s",
                           "--", bug)
            if recorded.returncode == 1:
                break
            require(recorded.returncode == 0, f"seed {seed} ends in another way", recorded)
            os.remove(trace)
        else:
            raise Wrong(f"not found in {ATTEMPTS} attempts")
        require(recorded.stdout.startswith(b"bug: "), f"seed {seed}: no message", recorded)
        replayed = run(ttrace, "replay", "--autopilot", trace)
        require((replayed.returncode, replayed.stdout) == (1, recorded.stdout),
                f"seed {seed}: the replay differs", recorded, replayed)
    return seed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--bugs", required=True, help="the directory of the programs")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("TTRACE_")]:
        if name != "TTRACE_CACHE_DIR":
            del os.environ[name]

    def outcome(name):
        try:
            path = os.path.join(os.path.abspath(options.bugs), name)
            return name, check(os.path.abspath(options.ttrace), path), ""
        except Wrong as wrong:
            return name, None, str(wrong)

    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, attempts, detail in pool.map(outcome, options.names):
            failed += attempts is None
            print(f"FAIL  {name}: {detail}" if detail else f"pass  {name}: attempt {attempts}",
                  flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
