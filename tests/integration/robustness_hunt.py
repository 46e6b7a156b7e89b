"""What --ttrace-until-fail means: verdicts, exit codes, traces, seeds."""

import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import time

from robustness_common import LIMIT, check, contents, main, require, shell_status, wait_for

RECORDINGS = 100
REPLAYS = 20


def hunt(place, *flags, attempts=3, case=None, **options):
    words = [f"--gtest_filter={case}"] if case else []
    return place.run(place.guest("robustness_cases"), f"--ttrace-until-fail={attempts}", *words,
                     "--ttrace-timeout=5", *flags, **options)


def shown(place, trace):
    result = place.tool("show", "--json", trace)
    require(result.returncode == 0, "show --json", result)
    return json.loads(result.stdout)


VERDICTS = (("Mixed.FailsAtOnce", "failed", 1), ("Mixed.FailsTwice", "failed", 1),
            ("Mixed.Throws", "failed", 1), ("Mixed.Aborts", "crashed", 134),
            ("Mixed.Leaves", "exited early", 0), ("Mixed.LeavesAtOnce", "exited early", 7),
            ("Mixed.KillsItself", "crashed", 137), ("Mixed.Hangs", "timed out", 124))


@check
def one_trace_for_each_failing_case(place):
    result = hunt(place, case="-*NowAndThen:Slow.*")
    require(result.returncode == 1, "exit code", result)
    infos = [shown(place, trace) for trace in place.traces()]
    found = sorted((info["case"], info["verdict"]) for info in infos)
    wanted = sorted((case, verdict) for case, verdict, _ in VERDICTS)
    require(found == wanted, f"{found}\nis not\n{wanted}", result)
    require(all(info["attempt"] == 1 for info in infos), "not the first attempts", result)
    text = result.stdout.decode()
    for name in "Mixed.PassesAndTalks", "Mixed.PassesInBetween":
        require(re.search(rf"{name} +3/3 passed", text), f"{name} is not shown as passed", result)
    require(re.search(r"Mixed.IsSkipped +skipped", text), "the skipped one", result)
    require("DISABLED" not in text, "a disabled case was run", result)
    require("only I know this" not in text, "output of a passing attempt is shown", result)
    require("said before the failure" in text, "output of the failing attempt is missing", result)
    require(text.count("replay verified") == len(VERDICTS), "not all are verified", result)
    for info, trace in zip(infos, place.traces()):
        code = dict((case, code) for case, _, code in VERDICTS)[info["case"]]
        replay = place.tool("replay", "--autopilot", trace)
        require(replay.returncode == code, f"{info['case']}: exit code of the replay is not {code}",
                replay)
    place.require_verified(*place.traces())
    place.require_clean()


@check
def exit_codes(place):
    require(hunt(place, case="Mixed.Passes*").returncode == 0, "all pass")
    require(hunt(place, case="Mixed.IsSkipped").returncode == 0, "skipped")
    require(not place.traces(), "traces of passing cases")
    require(hunt(place, case="Mixed.Passes*:Mixed.Leaves").returncode == 1, "one fails")
    require(hunt(place, case="Nothing").returncode == 2, "no case")
    place.require_clean()


@check
def record_is_one_attempt(place):
    result = place.run(place.guest("robustness_cases"), "--ttrace-record",
                       "--gtest_filter=Mixed.Passes*:Mixed.FailsAtOnce")
    require(result.returncode == 1 and len(place.traces()) == 1, "one fails", result)
    require(b"3 attempts" in result.stdout, "not one attempt each", result)
    result = place.run(place.guest("robustness_cases"), "--gtest_filter=Mixed.Passes*",
                       env={"TTRACE_RECORD": "1"})
    require(result.returncode == 0 and b"2 attempts" in result.stdout, "the variable", result)
    place.require_clean()


@check
def filters(place):
    for words, env in ((["--gtest_filter=Mixed.PassesI*"], {}),
                       ([], {"GTEST_FILTER": "Mixed.PassesI*"}),
                       (["--gtest_filter=Mixed.PassesI*"], {"GTEST_FILTER": "Mixed.Aborts"})):
        result = place.run(place.guest("robustness_cases"), "--ttrace-until-fail=2", *words, env=env)
        require(result.returncode == 0 and b"1 case," in result.stdout, f"{words} {env}", result)
    result = hunt(place, "--gtest_also_run_disabled_tests", case="*DISABLED_Fails")
    require(result.returncode == 1 and len(place.traces()) == 1, "disabled ones asked for", result)
    # Flags that would change what one attempt is.
    for words, env in ((["--gtest_repeat=5"], {}), (["--gtest_shuffle"], {}),
                       (["--gtest_brief=1"], {}), ([], {"GTEST_REPEAT": "-1"}),
                       (["--gtest_break_on_failure"], {}), (["--gtest_fail_fast"], {}),
                       (["--gtest_catch_exceptions=0"], {}), (["--gtest_color=yes"], {}),
                       (["--gtest_output=xml:" + place.path("tmp", "out.xml")], {}),
                       ([], {"GTEST_TOTAL_SHARDS": "2", "GTEST_SHARD_INDEX": "0"})):
        result = hunt(place, *words, case="Mixed.PassesI*", env=env)
        require(result.returncode == 0, f"{words} {env}", result)
    # Two shards have all cases between them.
    texts = [hunt(place, case="Mixed.Passes*:Mixed.IsSkipped", attempts=1,
                  env={"GTEST_TOTAL_SHARDS": "2", "GTEST_SHARD_INDEX": str(index)}).stdout.decode()
             for index in range(2)]
    names = [name for text in texts for name in re.findall(r"\[ttrace\] (Mixed\.\w+)", text)]
    require(sorted(names) == ["Mixed.IsSkipped", "Mixed.PassesAndTalks", "Mixed.PassesInBetween"],
            f"shards: {names}")


@check
def the_first_failure_ends_a_case(place):
    result = hunt(place, attempts=1000, case="*NowAndThen:Mixed.PassesI*", limit=300)
    require(result.returncode == 1 and len(place.traces()) == 1, "one trace", result)
    attempt = shown(place, place.traces()[0])["attempt"]
    total = int(re.search(r"; (\d+) attempts", result.stdout.decode()).group(1))
    require(total == 1000 + attempt, f"{total} attempts, failed at {attempt}", result)


@check
def seeds_are_shown_kept_and_heeded(place):
    traces = []
    for _ in range(2):
        result = place.run(place.example("race"), "--ttrace-until-fail=5000", "--ttrace-seed=4711")
        require(result.returncode == 1, "the race is not found", result)
        require(b"--ttrace-seed=4711" in result.stdout, "the seed is not shown", result)
        traces.append(shown(place, place.traces()[-1]))
    require(traces[0]["attempt"] == traces[1]["attempt"] and traces[0]["seed"] == traces[1]["seed"],
            f"attempts {[info['attempt'] for info in traces]} of the same seed")
    result = place.run(place.example("race"), "--ttrace-until-fail=20")
    require(re.search(rb"--ttrace-seed=\d+", result.stdout), "a drawn seed is not shown", result)
    return f"attempt {traces[0]['attempt']} both times"


@check
def a_directory_of_ones_own(place):
    for words, env in ((["--ttrace-dir=here"], {}), ([], {"TTRACE_DIR": "there/below"})):
        result = hunt(place, *words, case="Mixed.Leaves", env=env)
        require(result.returncode == 1, f"{words} {env}", result)
    require(os.path.exists(place.path("here", "Mixed.Leaves-1.ttrace")), "--ttrace-dir")
    require(os.path.exists(place.path("there", "below", "Mixed.Leaves-1.ttrace")), "TTRACE_DIR")
    for _ in range(2):
        hunt(place, "--ttrace-dir=here", case="Mixed.Leaves")
    require(os.path.exists(place.path("here", "Mixed.Leaves-3.ttrace")), "numbers")


EXAMPLES = (("random", "10000", []), ("time_seeded", "5000", []), ("race", "5000", []),
            ("crash", "5000", []), ("deadlock", "2000", ["--ttrace-timeout=2"]),
            ("fork_child", "5000", []), ("early_exit", "5", []))


@check
def replays_are_identical(place):
    """Twenty of each example's trace, and each tells of the same failing event."""
    for name, attempts, flags in EXAMPLES:
        result = place.run(place.example(name), f"--ttrace-until-fail={attempts}", *flags,
                           limit=600)
        require(result.returncode == 1 and len(place.traces()) == 1, name, result)
        trace = place.traces()[0]
        info = shown(place, trace)
        event = str(info["failure"]["event"])
        require(f"event {event}," in result.stdout.decode(), f"{name}: another event", result)
        seen = set()
        for _ in range(REPLAYS):
            again = place.tool("replay", "--autopilot", trace)
            seen.add((again.returncode, again.stdout, again.stderr))
        require(len(seen) == 1, f"{name}: {len(seen)} different replays of {REPLAYS}", again)
        if info["verdict"] != "timed out":
            require(again.returncode == shell_status(info["exit_status"]), f"{name}: exit", again)
        shutil.rmtree(place.store)


@check
def a_hundred_recordings_of_the_race(place):
    verified, codes, wrong = 0, {}, None

    def one(number):
        trace = place.path("tmp", f"race{number}.ttrace")
        recorded = place.tool("record", f"--seed={number}", "-o", trace, "--",
                              place.example("race"), "--gtest_filter=Queue.*")
        replayed = place.tool("replay", "--autopilot", trace)
        checked = place.tool("verify", "--replay", trace)
        return recorded, replayed, checked

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for recorded, replayed, checked in pool.map(one, range(RECORDINGS)):
            codes[recorded.returncode] = codes.get(recorded.returncode, 0) + 1
            same = ((recorded.returncode, recorded.stdout) ==
                    (replayed.returncode, replayed.stdout) and checked.returncode == 0)
            verified += same
            wrong = wrong or (None if same else replayed)
    require(verified == RECORDINGS, f"{verified} of {RECORDINGS} are verified", wrong)
    return f"{verified}/{RECORDINGS} verified, exit codes {codes}"


@check
def a_recorder_that_was_stopped_reports_no_hang(place):
    supervisor = place.start(place.guest("robustness_cases"), "--ttrace-until-fail=1",
                             "--gtest_filter=Slow.TakesASecond", "--ttrace-timeout=2",
                             stdout=subprocess.DEVNULL)
    begun = place.path("begun")
    end = time.monotonic() + LIMIT
    while not os.path.exists(begun) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(supervisor.pid, signal.SIGSTOP)
    time.sleep(3)
    os.kill(supervisor.pid, signal.SIGCONT)
    code = wait_for(supervisor)
    require(code == 0, f"exit code {code}")
    os.remove(begun)
    place.require_clean()


@check
def a_terminal_sees_progress(place):
    place.guest("robustness_cases")
    result = place.run("script", "-qec", f"{place.guest('robustness_cases')} --ttrace-until-fail=50"
                       " --gtest_filter=Mixed.Passes*", "/dev/null", env={"TERM": "xterm"})
    require(result.returncode == 0, "exit code", result)
    require(b"/s" in result.stdout, "no attempts per second", result)
    plain = hunt(place, case="Mixed.Passes*")
    require(b"\r" not in plain.stdout and b"\x1b" not in plain.stdout, "plain lines", plain)


@check
def the_binary_is_left_alone(place):
    before = contents(place.guest("robustness_cases"))
    hunt(place, case="Mixed.Leaves")
    require(contents(place.guest("robustness_cases")) == before, "it was changed")


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
