"""Wrong usage: one line that names the mistake and the way out, exit code 2."""

import os

from robustness_common import check, main, require, require_refused

BINARY = "early_exit"


@check
def unknown_flags_name_the_nearest(place):
    for typed, meant in (("--ttrace-untilfail=5", "--ttrace-until-fail"),
                         ("--ttrace-until_fail=5", "--ttrace-until-fail"),
                         ("--ttrace-recrod", "--ttrace-record"),
                         ("--ttrace-reply=x", "--ttrace-replay"),
                         ("--ttrace-sed=1", "--ttrace-seed"),
                         ("--ttrace-", "--ttrace-"), ("--ttrace-=", "--ttrace-"),
                         ("--ttrace-xyzzy", "--ttrace-"),
                         ("--ttrace-UNTIL-FAIL=3", "--ttrace-until-fail")):
        require_refused(place.run(place.example(BINARY), typed), typed.split("=", maxsplit=1)[0],
                        meant, what=typed)
    for typed, meant in ((("record", "--sed=1", "--", "/bin/true"), "--seed"),
                         (("record", "--tmeout=1", "--", "/bin/true"), "--timeout"),
                         (("until-fail", "--atempts=1", "--", "/bin/true"), "--attempts"),
                         (("replay", "--autopliot", "x"), "--autopilot"),
                         (("ls", "--dri=x"), "--dir"), (("show", "--jsn", "x"), "--jsn"),
                         (("recrod", "--", "/bin/true"), "recrod"), (("frobnicate",), "frobnicate"),
                         (("--frobnicate",), "--frobnicate"),
                         (("verify", "--frobnicate", "x"), "--frobnicate")):
        require_refused(place.tool(*typed), meant, what=" ".join(typed))
    place.require_clean()


@check
def malformed_values(place):
    for flag, values in (("until-fail", ("", "0", "-1", "x", "5x", "1e3", " 5", "99999999999999",
                                         "0x10", "+5", "5,5", "1000000001")),
                         ("timeout", ("", "x", "-1", "5y", "1.2.3", "s", "99999999999999999999h")),
                         ("seed", ("", "x", "-1", "18446744073709551616", "0x1")),
                         ("dir", ("",))):
        for value in values:
            words = [f"--ttrace-{flag}={value}"]
            if flag != "until-fail":
                words.append("--ttrace-record")
            require_refused(place.run(place.example(BINARY), *words), f"--ttrace-{flag}",
                            what=words[0])
    for words in (("--ttrace-record=maybe",), ("--ttrace-replay=",), ("--ttrace-replay",),
                  ("--ttrace-until-fail",), ("--ttrace-replay=x", "--ttrace-autopilot=2")):
        require_refused(place.run(place.example(BINARY), *words), words[-1].split("=")[0],
                        what=words[0])
    for words in (("record", "--timeout=x"), ("record", "--seed=x"), ("record", "--dir="),
                  ("record", "-o"), ("until-fail", "--attempts=0"), ("until-fail", "--attempts")):
        require_refused(place.tool(*words, "--", "/bin/true"), words[1].split("=")[0].lstrip("-"),
                        what=" ".join(words))
    place.require_clean()


@check
def variables_as_malformed_as_flags(place):
    for name, value in (("TTRACE_UNTIL_FAIL", "many"), ("TTRACE_RECORD", "maybe")):
        require_refused(place.run(place.example(BINARY), env={name: value}), name, what=name)
    for name, value in (("TTRACE_SEED", "x"), ("TTRACE_TIMEOUT", "soon")):
        require_refused(place.run(place.example(BINARY), "--ttrace-record", env={name: value}),
                        name, what=name)
    for name in "TTRACE_UNTIL_FAIL", "TTRACE_RECORD":
        result = place.run(place.example(BINARY), env={name: "0"})
        require(result.returncode == 0 and b"[ttrace]" not in result.stdout, f"{name}=0", result)
    place.require_clean()


@check
def flags_that_do_not_go_together(place):
    for words, names in (
            (("--ttrace-until-fail=2", "--ttrace-record"), ("until-fail", "record")),
            (("--ttrace-until-fail=2", "--ttrace-replay=x"), ("until-fail", "replay")),
            (("--ttrace-seed=1",), ("--ttrace-seed",)),
            (("--ttrace-timeout=1",), ("--ttrace-timeout",)),
            (("--ttrace-autopilot",), ("--ttrace-autopilot", "--ttrace-replay")),
            (("--ttrace-record", "--ttrace-batch"), ("--ttrace-batch",)),
            (("--ttrace-replay=x", "--ttrace-seed=1"), ("--ttrace-seed",)),
            (("--ttrace-replay=x", "--ttrace-autopilot", "--ttrace-serve=1234"), ("serve",)),
            (("--ttrace-replay=x", "--ttrace-autopilot", "--ttrace-ex=bt"), ("ex",))):
        require_refused(place.run(place.example(BINARY), *words), *names, what=" ".join(words))
    place.require_clean()


@check
def filters_that_select_nothing(place):
    for words, env in ((["--gtest_filter=Nothing.*"], {}), (["--gtest_filter="], {}),
                       (["--gtest_filter=-*"], {}), ([], {"GTEST_FILTER": "Nothing.*"})):
        line = require_refused(place.run(place.example(BINARY), "--ttrace-until-fail=2", *words,
                                         env=env), what=f"{words} {env}")
    place.require_clean()
    return line


@check
def flags_of_the_framework_that_are_wrong(place):
    for example, flag, says in (("basics", "--gtest_fliter=x", "are its own flags right?"),
                                ("catch2/ledger", "--nonsense", "token: --nonsense")):
        if os.path.exists(place.example(example)):
            require_refused(place.run(place.example(example), "--ttrace-record", flag), says)
    place.require_clean()


@check
def cases_that_do_not_exist(place):
    """One wrong name among right ones is a mistake, too."""
    require_refused(place.run(place.example("basics"), "--ttrace-record", "--ttrace-case=No.Such"),
                    "No.Such", "ttrace cases")
    require_refused(place.tool("until-fail", "--case=No.Such", "--case=EarlyExit.LeavesWithZero",
                               "--", place.example(BINARY)), "No.Such", "ttrace cases")
    place.require_clean()


@check
def programs_that_are_no_tests(place):
    for program in (["/bin/true"], ["/bin/echo", "hello"], ["/bin/false"],
                    ["sh", "-c", "exit 3"], ["sh", "-c", "kill -9 $$"], ["cat"],
                    ["sh", "-c", "echo Suite.; echo '  Name'"]):
        result = place.tool("until-fail", "--framework=gtest", "--attempts=2", "--timeout=20", "--",
                            *program)
        require_refused(result, program[0], what=" ".join(program))
    place.require_clean()


@check
def programs_without_a_framework(place):
    """They are one case each, judged by how they end."""
    for program, code in ((["/bin/true"], 0), (["/bin/echo", "hello"], 0), (["/bin/false"], 1),
                          (["sh", "-c", "exit 3"], 1), (["sh", "-c", "kill -9 $$"], 1)):
        result = place.tool("until-fail", "--attempts=2", "--timeout=20", "--", *program)
        require(result.returncode == code, f"{program}: exit code is not {code}", result)


@check
def a_listing_that_never_ends(place):
    result = place.tool("until-fail", "--framework=gtest", "--attempts=2", "--timeout=1", "--",
                        "sleep", "1000")
    line = require_refused(result, "sleep")
    result = place.tool("until-fail", "--framework=gtest", "--attempts=2", "--timeout=1", "--",
                        "sh", "-c", "sleep 1000 & sleep 1000")
    require_refused(result, "sh")
    place.require_clean()
    return line


@check
def missing_arguments(place):
    for words, name in ((("record",), "program"), (("record", "--"), "program"),
                        (("record", "/bin/true"), "--"), (("until-fail", "x"), "--"),
                        (("until-fail",), "program"), (("replay",), "FILE"), (("show",), "FILE"),
                        (("dump",), "FILE"), (("verify",), "FILE"), (("rm",), "FILE"),
                        (("replay", "a", "b"), "b"), (("ls", "a", "b"), "b"),
                        (("supervise",), "supervise")):
        require_refused(place.tool(*words), name, what=" ".join(words))
    result = place.tool()
    require(result.returncode == 2 and b"Usage" in result.stderr, "no arguments at all", result)
    place.require_clean()


@check
def handshake_of_another_version(place):
    for protocol in "0", "2", "99999999999999999999", "x", "1x":
        line = require_refused(place.tool("supervise", f"--protocol={protocol}", "--framework=gtest",
                                          "--", "./tests", "--ttrace-until-fail=2"), "version",
                               protocol, what=protocol)
    require_refused(place.tool("supervise", "--protocol=1", "--framework=junit", "--", "./tests",
                               "--ttrace-until-fail=2"), "junit")
    require_refused(place.tool("supervise", "--protocol=1", "--framework=gtest", "--"), "command")
    require_refused(place.tool("supervise", "--protocol=1", "--framework=gtest", "--", "./nowhere",
                               "--ttrace-until-fail=2"), "./nowhere")
    place.require_clean()
    return line


@check
def help_and_version(place):
    for words in ("--help",), ("--version",), *((name, "--help") for name in (
            "record", "replay", "ls", "show", "dump", "verify", "rm", "until-fail")):
        result = place.tool(*words)
        require(result.returncode == 0 and result.stdout and not result.stderr, f"{words}", result)
    result = place.run(place.example(BINARY), "--ttrace-help")
    require(result.returncode == 0 and b"--ttrace-until-fail" in result.stdout, "binary", result)
    for words in ("--gtest_list_tests",), ("--help",), ("--gtest_help",):
        plain = place.run(place.example(BINARY), *words)
        ours = place.run(place.example(BINARY), "--ttrace-until-fail=2", *words)
        require((plain.returncode, plain.stdout) == (ours.returncode, ours.stdout),
                f"{words} is not GoogleTest's own", ours)
    place.require_clean()


@check
def output_that_is_there_already(place):
    os.mkdir(place.path("directory"))
    require_refused(place.tool("record", "-o", "directory", "--", "/bin/true"), "directory")
    trace = place.record("/bin/echo", "one", output=place.path("x.ttrace"))
    place.record("/bin/echo", "two", output=trace)  # replaced as a whole, as compilers do it
    result = place.tool("replay", "--autopilot", trace)
    require(result.stdout == b"two\n", "not the second recording", result)
    place.require_clean({"directory", "x.ttrace", "objects"})


@check
def a_binary_that_is_not_asked(place):
    """Without a flag of ours the binary is as it would be without ttrace."""
    result = place.run(place.example(BINARY), env={"TTRACE_SEED": "x", "TTRACE_TIMEOUT": "x"})
    require(result.returncode == 0 and not result.stderr, "exit code", result)
    require(b"ttrace" not in result.stdout, "ttrace says something", result)
    result = place.run(place.example(BINARY), "--", "--ttrace-nonsense")
    require(result.returncode == 0, "after --", result)
    place.require_clean()


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
