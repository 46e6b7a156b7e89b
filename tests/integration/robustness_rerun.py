"""--ttrace-rerun=fork: attempts that are copies of a process in which the case has just begun."""

import json
import os
import re
import signal

from robustness_common import check, contents, ends, main, processes_left, require

REFUSED = (("thread", "thread [0-9]+"), ("child", "child process [0-9]+"),
           ("zombie", "child process [0-9]+"), ("pipe", "an open pipe .descriptor [0-9]+."),
           ("socket", "an open socket .descriptor [0-9]+."), ("epoll", r"an open \[eventpoll\]"),
           ("eventfd", r"an open \[eventfd\]"), ("nameless", "an open file without a name"),
           ("lock", "a lock on .*/file"), ("shared", "writable shared memory"),
           ("itimer", "a running interval timer"), ("timer", "a timer of timer_create"),
           ("signal", "a pending signal"))
FAILURES = (("Fails.ByAbort", "crashed", 134), ("Fails.ByRaise", "crashed", 139),
            ("Fails.ByExit", "exited early", 7), ("Fails.ByHanging", "timed out", 124),
            ("Fails.NowAndThen", "failed", 1), ("Fails.WithOrphans", "timed out", 124))


def hunt(place, case, *flags, attempts=4, **options):
    return place.run(place.guest("rerun_cases"), f"--ttrace-until-fail={attempts}",
                     "--ttrace-rerun=fork", f"--gtest_filter={case}", *flags, **options)


def file_to_read(place):
    path = place.path("home", ".cache", "ttrace", "file")  # where a check may leave files
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write("abcdef")
    return {"RERUN_FILE": path}


@check
def copies_are_like_the_original(place):
    for jobs in 1, 2:
        result = hunt(place, "Copy.*", f"--ttrace-jobs={jobs}", attempts=20,
                      env=file_to_read(place))
        require(result.returncode == 0, "exit code", result)
        require(result.stdout.count(b"20/20 passed") == 3, "not all have passed", result)
        require(b"was drawn before" in result.stdout, "it is not said what repeats", result)
        place.require_clean()


@check
def failures_are_kept_as_ever(place):
    for agent in "off", "on":
        result = hunt(place, "Fails.*", "--ttrace-timeout=2", f"--ttrace-agent={agent}",
                      attempts=3000)
        require(result.returncode == 1, "exit code", result)
        require(result.stdout.count(b"replay verified") == len(FAILURES), "not verified", result)
        found = []
        for trace in place.traces():
            shown = place.tool("show", "--json", trace)
            info = json.loads(shown.stdout)
            replay = place.tool("replay", "--autopilot", trace)
            found.append((info["case"], info["verdict"], replay.returncode))
            processes = json.loads(place.tool("processes", "--json", trace).stdout)
            failed = [process["parent"] for process in processes if process["failed"]]
            require(failed == [processes[0]["process"]], "the failed process is not the copy",
                    shown)
        require(sorted(found) == sorted(FAILURES), f"{found}\nis not\n{FAILURES}", result)
        place.require_verified(*place.traces())
        for trace in place.traces():
            require(place.tool("rm", trace).returncode == 0, "rm")
        place.require_clean()


@check
def a_seed_shows_the_same_failure(place):
    first = hunt(place, "Fails.NowAndThen", "--ttrace-seed=7", "--ttrace-jobs=1", attempts=3000)
    second = hunt(place, "Fails.NowAndThen", "--ttrace-seed=7", "--ttrace-jobs=2", attempts=3000)
    attempts = [re.findall(rb"FAILED on attempt ([0-9]+)", result.stdout)
                for result in (first, second)]
    require(attempts[0] and attempts[0] == attempts[1], f"{attempts}", second)


@check
def obstacles_are_named(place):
    for kind, words in REFUSED:
        result = hunt(place, "Nothing.Passes",
                      env={"RERUN_OBSTACLE": kind, **file_to_read(place)})
        said = result.stdout.decode()
        require(result.returncode not in (0, 1), f"{kind}: exit code", result)
        require(re.search(f"--ttrace-rerun=fork with {words}.*use --ttrace-rerun=process", said),
                f"{kind} is not named", result)
        place.require_clean()


@check
def a_killed_original_is_made_anew(place):
    result = hunt(place, "Kills.*", attempts=5)
    require(result.returncode == 0 and b"5/5 passed" in result.stdout, "attempts", result)
    place.require_clean()


@check
def an_interrupt_leaves_nothing(place):
    for case in "Nothing.Passes", "Fails.ByHanging":
        process = place.start(place.guest("rerun_cases"), "--ttrace-until-fail=1000000",
                              "--ttrace-rerun=fork", f"--gtest_filter={case}", stdout=-1, stderr=-1)
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        result = ends(process, case)
        require(result.returncode == 130, f"{case}: exit code", result)
        place.require_clean()
    process = place.start(place.guest("rerun_cases"), "--ttrace-until-fail=1000000",
                          "--ttrace-rerun=fork", "--gtest_filter=Nothing.Passes", stdout=-1,
                          stderr=-1)
    process.stdout.readline()
    process.kill()
    ends(process, "SIGKILL")
    require(not processes_left(), "processes after SIGKILL")


@check
def cases_take_turns(place):
    result = place.run(place.guest("rerun_cases"), "--ttrace-until-fail=30", "--ttrace-time=60",
                       "--ttrace-rerun=fork", "--gtest_filter=Copy.S*:Nothing.*:Copy.K*")
    require(result.returncode == 0 and result.stdout.count(b"30/30 passed") == 3, "cases", result)
    place.require_clean()


@check
def catch2_too(place):
    ledger = place.example(os.path.join("catch2", "ledger"))
    result = place.run(ledger, "--ttrace-until-fail=2000", "--ttrace-rerun=fork")
    require(result.returncode == 1 and b"replay verified" in result.stdout, "Catch2", result)


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
