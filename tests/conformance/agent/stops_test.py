#!/usr/bin/env python3
"""How often a program that does one thing again and again is stopped, by what the kernel counts: each
stop is a voluntary switch."""

import argparse
import os
import subprocess
import sys
import tempfile

TIMES = 1000
FEW = 20
# Beside other threads, to which the scheduler switches now and then.
FEW_BESIDE = 200

# What is done (agent_stops.cpp), how it is recorded, and whether the agent does it.
ON = ("--agent=on", "--chaos=off")
THINGS = ("pipe", "changed", "shared", "socket", "look", "mask", "yield", "break", "memory",
          "random", "counter", "wake")
WAYS = [
    ("cpuid", ON, True),
    ("cpuid", ("--agent=on", "--chaos=on", "--seed=3"), True),
    ("cpuid", ("--agent=on", "--portable"), True),
    ("cpuid", ("--agent=off",), False),
    ("cpuid", ("--ticks=none",), False),
    *((what, ON, True) for what in THINGS),
    ("bits", ON, False),
    ("hidden", ON, True),
    ("hidden", ("--agent=off",), False),
    *((what, ("--agent=off",), False) for what in THINGS),
]


def stops(options, what, flags, trace):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TTRACE_")}
    done = subprocess.run(
        [options.ttrace, "record", *flags, "-o", trace, "--", options.guest, what, str(TIMES)],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return int(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    options = parser.parse_args()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="ttrace-stops-") as directory:
        for what, flags, is_inside in WAYS:
            counted = stops(options, what, flags, os.path.join(directory, "guest.ttrace"))
            print(what, *flags, counted)
            few = FEW_BESIDE if what == "wake" else FEW
            if (counted < few) != is_inside or (not is_inside and counted < TIMES):
                wrong.append(f"{what} {' '.join(flags)}: {counted} stops in {TIMES} rounds")
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
