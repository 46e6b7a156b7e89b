"""Ticks are exact: those of loops in assembly are what arithmetic says, and those of a whole program
are the same in 100 recordings.

    tick_exact_test.py --ttrace TTRACE --guest TICK_EXACT
"""

import argparse
import json
import os
import subprocess
import tempfile

RECORDINGS = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ttrace-exact-") as directory:
        def run(*command):
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True,
                                  stdin=subprocess.DEVNULL).stdout

        def record(number):
            """What the guest printed, and the ticks before each call from its first getppid on."""
            trace = os.path.join(directory, f"{number}.ttrace")
            # Without chaos: some of its strategies do not count the loader, which binds functions.
            printed = run(options.ttrace, "record", "--ticks=software", "--chaos=off", "-o", trace,
                          "--", options.guest)
            events = json.loads(run(options.ttrace, "events", "--json", trace))
            calls = [(event["kind"], event["text"].split("(")[0], event["ticks"])
                     for event in events if event["kind"].startswith("syscall")]
            first = next(i for i, (_, name, _) in enumerate(calls) if name == "getppid")
            return printed, calls[first:]

        printed, calls = record(1)
        expected = [int(word) for word in printed.split()]
        # What comes before the first is the C library's.
        found = [ticks for _, name, ticks in calls if name == "getppid"][1:]
        assert found == expected, f"ticks {found} instead of {expected}"
        for number in range(2, RECORDINGS + 1):
            _, again = record(number)
            assert again == calls, f"recording {number} has {again}, the first one {calls}"


main()
