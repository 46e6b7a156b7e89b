"""Takes one example the whole way: hunt, keep, verify, replay.

    example_test.py --ttrace TTRACE --binary BINARY [--attempts N] [--flag=FLAG]...
                    (--passes CASE... | --case CASE --verdict VERDICT [--shows TEXT] [--replays N])

A failing case must be found, keep exactly one trace that verifies, and be replayed with identical
output and exit code, without its executable. Nothing else may be left behind: no process, no file.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile


class Wrong(Exception):
    """What the example did instead of what it should do."""


def require(condition, what, result=None):
    if condition:
        return
    if result is not None:
        what += (f"\n--- {' '.join(result.args)}: exit code {result.returncode}"
                 f"\n--- standard output\n{result.stdout.decode(errors='replace')}"
                 f"\n--- standard error\n{result.stderr.decode(errors='replace')}")
    raise Wrong(what)


def shell_status(wait_status):
    if os.WIFSIGNALED(wait_status):
        return 128 + os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status)


def catch2_specs(cases):
    """The arguments that select these cases: they are joined by commas, which mean "or"."""
    quoted = ["\"" + re.sub(r'([\\,"\[\]])', r"\\\1", case) + "\"" for case in cases]
    return [",".join(quoted)]


# What selects cases, by framework.
SELECT = {
    "gtest": lambda cases: ["--gtest_filter=" + ":".join(cases)],
    "catch2": catch2_specs,
    "none": lambda cases: [],
}


class Example:
    """A copy of the binary in a directory of its own, which is also where it runs."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.binary = os.path.join(directory, os.path.basename(options.binary))
        shutil.copy2(options.binary, self.binary)
        os.mkdir(os.path.join(directory, "tmp"))

    def run(self, *command):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("TTRACE_", "GTEST_"))}
        environment["TMPDIR"] = os.path.join(self.directory, "tmp")
        return subprocess.run(command, cwd=self.directory, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def hunt(self, cases):
        if self.options.tool:
            return self.run(self.options.ttrace, "until-fail",
                            f"--attempts={self.options.attempts}", *self.options.flag, "--",
                            self.binary, *SELECT[self.options.framework](cases))
        return self.run(self.binary, f"--ttrace-until-fail={self.options.attempts}",
                        *SELECT[self.options.framework](cases), *self.options.flag)

    def traces(self):
        return sorted(glob.glob(os.path.join(self.directory, ".ttrace", "*.ttrace")))

    def require_clean(self):
        left = os.listdir(os.path.join(self.directory, "tmp"))
        left += set(os.listdir(self.directory)) - {"tmp", ".ttrace", os.path.basename(self.binary)}
        require(not left, f"files were left behind: {left}")
        for link in glob.glob("/proc/[0-9]*/cwd"):
            try:
                here = os.readlink(link).startswith(self.directory)
            except OSError:
                continue
            require(not here, f"a process was left behind: {os.path.dirname(link)}")

    def passes(self):
        result = self.hunt(self.options.passes)
        require(result.returncode == 0, "exit code is not 0", result)
        output = result.stdout.decode() + result.stderr.decode()
        for case in self.options.passes:
            require("*" in case or case in output, f"{case} is not in the summary", result)
        require(not self.traces(), f"passing attempts left traces: {self.traces()}", result)

    def fails(self):
        options = self.options
        result = self.hunt([options.case])
        require(result.returncode == 1, "exit code is not 1", result)
        output = result.stdout.decode() + result.stderr.decode()
        for text in options.case, "replay verified", *options.shows:
            require(text in output, f"\"{text}\" is not in the summary", result)
        require(len(self.traces()) == 1, f"not exactly one trace: {self.traces()}", result)
        trace = self.traces()[0]

        result = self.run(options.ttrace, "verify", trace)
        require(result.returncode == 0, "verify finds fault", result)
        result = self.run(options.ttrace, "show", trace, "--json")
        require(result.returncode == 0, "show fails", result)
        info = json.loads(result.stdout)
        require(info["case"] == options.case, f"case is {info['case']}")
        require(info["verdict"] == options.verdict, f"verdict is {info['verdict']}")
        self.replays(trace, info)

    def replays(self, trace, info):
        replay = [self.binary, "--ttrace-replay=" + trace, "--ttrace-autopilot"]
        if self.options.tool:
            replay = [self.options.ttrace, "replay", "--autopilot", trace]
        first = self.run(*replay)
        if info["verdict"] != "timed out":
            expected = shell_status(info["exit_status"])
            require(first.returncode == expected, f"exit code is not {expected}", first)
        output = first.stdout.decode(errors="replace")
        if self.options.framework != "none":
            require(self.options.case in output, "the case is not in the replayed output", first)
        if info["verdict"] == "failed" and self.options.framework == "gtest":
            line = info["failure"]["message"].splitlines()[0]
            require(line in output, f"\"{line}\" is not in the replayed output", first)
        os.remove(self.binary)
        for _ in range(self.options.replays):
            again = self.run(self.options.ttrace, "replay", "--autopilot", trace)
            same = (again.returncode, again.stdout, again.stderr) == \
                (first.returncode, first.stdout, first.stderr)
            require(same, "a replay differs from the first", again)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--framework", default="gtest", choices=SELECT)
    parser.add_argument("--tool", action="store_true", help="with ttrace until-fail")
    parser.add_argument("--attempts", type=int, default=5)
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--passes", nargs="+")
    parser.add_argument("--case")
    parser.add_argument("--verdict")
    parser.add_argument("--shows", action="append", default=[])
    parser.add_argument("--replays", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ttrace-example-") as directory:
        example = Example(options, os.path.realpath(directory))
        try:
            if options.passes:
                example.passes()
            else:
                example.fails()
            example.require_clean()
        except Wrong as wrong:
            sys.exit(f"{os.path.basename(options.binary)}: {wrong}")


if __name__ == "__main__":
    main()
