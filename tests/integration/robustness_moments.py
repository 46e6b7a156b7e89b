"""A supervisor that is ended at any moment, by any signal, whatever it is doing.

A few moments of each here; scripts/check-moments takes 200 (ROBUSTNESS_MOMENTS) by hand.
"""

import os
import random
import shutil
import signal

from robustness_common import (check, contents, duration_of, in_order, killed_after, main,
                               require)

MOMENTS = int(os.environ.get("ROBUSTNESS_MOMENTS", "6"))
SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def at_random_moments(place, number, command, known=()):
    """Ends the command by the signal at MOMENTS moments of its life; how many traces there were."""
    whole = max(duration_of(place, *command)[0] for _ in range(2))
    chance = random.Random(number)
    kept = 0
    for turn in range(MOMENTS):
        shutil.rmtree(place.store, ignore_errors=True)
        moment = chance.random() * whole * 1.1
        result = killed_after(place, moment, *command, sent=number, group=turn % 2 == 1)
        what = f"{number.name} after {moment:.4f} s of {whole:.4f} s"
        require(b"internal error" not in result.stderr, what, result)
        in_order(place, what, known)
        kept += len(place.traces())
    return kept


def of_each_signal(place, command, known=()):
    kept = [at_random_moments(place, number, command, known) for number in SIGNALS]
    told = ", ".join(f"{number.name}: {count}" for number, count in zip(SIGNALS, kept))
    return f"{MOMENTS} moments each; traces kept: {told}"


@check
def a_hunt_that_finds_a_failure(place):
    return of_each_signal(place, (place.example("early_exit"), "--ttrace-until-fail=3"))


@check
def a_hunt_with_processes(place):
    return of_each_signal(place, (place.example("fork_child"), "--ttrace-until-fail=5000"))


@check
def a_recording_of_a_tree(place):
    """Its processes ignore what can be ignored, and leave the group."""
    script = ("trap '' INT TERM HUP; (setsid sh -c 'exec sleep 0.4' &); "
              "for i in 1 2 3; do (sleep 0.1; ls -l /) & done; wait; sleep 0.1")
    return of_each_signal(place, (place.ttrace, "record", "--", "sh", "-c", script))


@check
def a_replay(place):
    trace = place.record("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do ls / | cat; done")
    before = contents(trace)
    known = {"recorded.ttrace", "objects"}
    told = of_each_signal(place, (place.ttrace, "replay", "--autopilot", trace), known)
    require(contents(trace) == before, "the trace was changed")
    place.require_verified(trace)
    return told


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
