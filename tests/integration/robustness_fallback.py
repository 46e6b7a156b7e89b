"""--fallback: where recording is impossible, the program's own result, and one line that says so."""

from robustness_common import check, main, require, require_refused


def until_fail(place, *words, deny="", command="until-fail"):
    """`words`: flags of ours, "--" or none for launch, and the program."""
    denied = [place.guest("robustness_deny"), deny] if deny else []
    return place.run(*denied, place.ttrace, command, *words)


def require_plain_run(result, code, says, why):
    """The program ran once, not recorded, and its exit code counts."""
    require(result.returncode == code, f"exit code is not {code}", result)
    lines = result.stderr.decode().splitlines()
    told = [line for line in lines if line.startswith("[ttrace] runs once without recording: ")]
    require(len(told) == 1 and why in told[0], f"not one line that names \"{why}\"", result)
    require(result.stdout.count(says) == 1, f"{says!r} is not said once", result)
    require(b"FAILED on attempt" not in result.stdout, "reported as a failure", result)


@check
def without_ptrace(place):
    cases = place.guest("robustness_cases")
    for case, code, says in (("Mixed.PassesAndTalks", 0, b"only I know this"),
                             ("Mixed.FailsAtOnce", 1, b"said before the failure"),
                             ("Mixed.LeavesAtOnce", 7, b"[ RUN      ]")):
        result = until_fail(place, "--fallback", "--attempts=3", f"--case={case}", "--", cases,
                            deny="ptrace")
        require_plain_run(result, code, says, "ptrace is refused")
    result = until_fail(place, "--fallback", cases, "--gtest_filter=Mixed.PassesA*", deny="ptrace",
                        command="launch")
    require_plain_run(result, 0, b"only I know this", "ptrace is refused")
    result = until_fail(place, "--fallback", "--", "sh", "-c", "echo out; exit 5", deny="seccomp")
    require_plain_run(result, 5, b"out", "seccomp")
    require(not place.traces(), "a trace is kept")
    place.require_clean()


@check
def only_when_asked_for(place):
    result = until_fail(place, "--case=Mixed.PassesAndTalks", "--", place.guest("robustness_cases"),
                        deny="ptrace")
    require_refused(result, "ptrace", progress=True)
    place.require_clean()


@check
def what_cannot_be_recorded(place):
    """The recorder works, and gives this program up: it asks to trace a child of its own."""
    script = ("import ctypes, sys; print('ran', flush=True);"
              "sys.exit(ctypes.CDLL(None).ptrace(0x4206, 1, 0, 0) + 4)")
    program = ["python3", "-c", script]
    result = until_fail(place, "--", *program)
    require(result.returncode == 2 and b"not recordable" in result.stdout, "it is recorded", result)
    result = until_fail(place, "--fallback", "--", *program)
    require_plain_run(result, 3, b"ran", "it cannot be recorded")
    place.require_clean()


@check
def mistakes_are_no_reason(place):
    cases = place.guest("robustness_cases")
    for words, named in ((["--case=Mixed.Nothing", "--", cases], "Mixed.Nothing"),
                         (["--case=Mixed.PassesAndTalks", "--case=Mixed.Nothing", "--", cases],
                          "Mixed.Nothing"),
                         (["--", cases, "--gtest_filter=Nothing.*"], "check the filter"),
                         (["--atempts=2", "--", cases], "--attempts"),
                         (["--", "./nowhere"], "./nowhere")):
        require_refused(until_fail(place, "--fallback", *words, deny="ptrace"), named, what=words)
    place.require_clean()


@check
def a_failure_stays_one(place):
    """What was recorded is not run again."""
    result = until_fail(place, "--fallback", "--case=Mixed.FailsAtOnce", "--",
                        place.guest("robustness_cases"))
    require(result.returncode == 1 and b"replay verified" in result.stdout, "no trace", result)
    require(b"runs once" not in result.stderr, "it is run again", result)
    place.require_clean()


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
