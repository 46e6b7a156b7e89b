#!/usr/bin/env python3
"""Records a guest and walks over its trace at random (random_walk.cpp).

walk_test.py --ttrace TTRACE --walk RANDOM_WALK --guest GUEST [--commands N] [--seed N] [--ticks KIND]
    [--agent on|off]
"""

import argparse
import os
import subprocess
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--walk", required=True)
    parser.add_argument("--guest", required=True)
    parser.add_argument("--commands", default="100")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--ticks", default="auto")
    parser.add_argument("--agent", default="on", help="of the recording")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ttrace-walk") as directory:
        trace = os.path.join(directory, "guest.ttrace")
        subprocess.run([options.ttrace, "record", "--timeout=4s", "--seed=" + options.seed,
                        "--ticks=" + options.ticks, "--agent=" + options.agent, "-o", trace, "--", options.guest],
                       stdout=subprocess.DEVNULL, check=False)
        return subprocess.run([options.walk, trace, options.commands, options.seed],
                              check=False).returncode


sys.exit(main())
