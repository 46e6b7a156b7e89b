"""A thread is walked step by step only where somebody could tell at which step it was left: not in
memory of its own, unless it has a signal handler.

    walk_alone_test.py --ttrace TTRACE --guest WALK_ALONE
"""

import argparse
import json
import os
import subprocess
import tempfile

SEEDS = range(1, 13)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ttrace-walks-") as directory:
        trace = os.path.join(directory, "guest.ttrace")

        def run(*command):
            return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True,
                                  stdin=subprocess.DEVNULL).stdout

        def walks(seed, *arguments):
            run(options.ttrace, "record", "--chaos=on", f"--seed={seed}", "-o", trace, "--",
                options.guest, *arguments)
            events = json.loads(run(options.ttrace, "events", "--json", trace))
            return sum(event["kind"] == "steps" for event in events)

        alone = [walks(seed) for seed in SEEDS]
        handling = [walks(seed, "handler") for seed in SEEDS]
        print("alone", alone, "with a handler", handling)
        assert not any(alone) and any(handling)


main()
