#!/usr/bin/env python3
"""How often a program that asks CPUID again and again is stopped, by what the kernel counts: each stop
is a voluntary switch."""

import argparse
import os
import subprocess
import sys
import tempfile

TIMES = 1000
FEW = 20

# How it is recorded, and whether the agent answers.
WAYS = [
    (("--agent=on", "--chaos=off"), True),
    (("--agent=on", "--chaos=on", "--seed=3"), True),
    (("--agent=on", "--portable"), True),
    (("--agent=off",), False),
    (("--ticks=none",), False),
]


def stops(options, flags, trace):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TTRACE_")}
    done = subprocess.run(
        [options.ttrace, "record", *flags, "-o", trace, "--", options.guest, str(TIMES)],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return int(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    options = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="ttrace-stops-") as directory:
        for flags, is_answered in WAYS:
            counted = stops(options, flags, os.path.join(directory, "guest.ttrace"))
            print(*flags, counted)
            if (counted < FEW) != is_answered or (not is_answered and counted < TIMES):
                wrong.append(f"{' '.join(flags)}: {counted} stops at {TIMES} CPUID")
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
