"""A project outside of ours that uses ttrace: configures, builds, runs CTest, and opens the trace.

    consumer_test.py --how find_package|FetchContent|add_subdirectory --framework gtest|catch2
                     --build BUILD --source SOURCE [--catch2 PREFIX] [--generator NAME]

find_package is given what `cmake --install` of BUILD puts into a directory of its own, elsewhere
than where BUILD was configured to go: the package can be moved.
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
import xml.etree.ElementTree as xml


class Wrong(Exception):
    """What the consumer saw instead of what it should see."""


def require(condition, what, result=None):
    if condition:
        return
    if result is not None:
        what += f"\n--- {' '.join(result.args)}: {result.returncode}\n{result.stdout}"
    raise Wrong(what)


class Consumer:
    FAILING = {"gtest": "consumer.Draw.IsNotZero",
               "catch2": 'consumer.a draw, never [zero]; or "is it"'}
    CALM = {"gtest": "consumer.Calm.Passes", "catch2": "consumer.calm"}
    COUNT = {"gtest": 3, "catch2": 2}

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.build = os.path.join(directory, "build")
        here = os.path.dirname(os.path.abspath(__file__))
        self.project = os.path.join(directory, "project")
        shutil.copytree(os.path.join(here, "..", "consumer"), self.project)

    def run(self, *command, expected=0, **environment):
        base = {name: value for name, value in os.environ.items()
                if not name.startswith(("TTRACE", "GTEST_", "CTEST_", "DASHBOARD"))}
        result = subprocess.run(command, cwd=self.directory, env={**base, **environment}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        if expected is not None:
            require(result.returncode == expected, f"exit code is not {expected}", result)
        return result

    def ctest(self, *arguments, expected=0):
        return self.run("ctest", "--test-dir", self.build, *arguments, expected=expected)

    def configure(self):
        prefixes = [self.options.catch2] if self.options.catch2 else []
        if self.options.how == "find_package":
            prefix = os.path.join(self.directory, "installed")
            self.run("cmake", "--install", self.options.build, "--prefix", prefix)
            prefixes.append(prefix)
        # Only what this project needs of ttrace is built, however it got it.
        self.run("cmake", "-S", self.project, "-B", self.build, "-G", "Ninja",
                 f"-DHOW={self.options.how}", f"-DFRAMEWORK={self.options.framework}",
                 f"-DTTRACE_SOURCE={self.options.source}",
                 f"-DCMAKE_PREFIX_PATH={';'.join(prefixes)}", "-DCMAKE_BUILD_TYPE=Debug")
        self.run("cmake", "--build", self.build, "--target", "tests", "-j", "2")

    def check_listing(self):
        tests = json.loads(self.ctest("--show-only=json-v1").stdout)["tests"]
        names = [test["name"] for test in tests]
        require(self.FAILING[self.options.framework] in names, f"not listed: {names}")
        require(len(names) == self.COUNT[self.options.framework], f"not all and no more: {names}")
        for test in tests:
            properties = {entry["name"]: entry["value"] for entry in test["properties"]}
            require(sorted(properties["LABELS"]) == ["flaky", "nightly", "ttrace"], str(properties))

    def check_run(self):
        junit = os.path.join(self.directory, "junit.xml")
        result = self.ctest("-L", "ttrace", "-j", "2", "--output-on-failure", "--output-junit", junit,
                            expected=8)
        require("1 tests failed" in result.stdout, "not exactly one failed", result)
        trace = re.search(r"trace +(\S+\.ttrace) .*replay verified", result.stdout)
        require(trace, "no line with the trace", result)
        require(re.search(r"debug +ttrace replay ", result.stdout), "no command", result)
        failing = self.FAILING[self.options.framework]
        outputs = {case.get("name"): case.findtext("system-out")
                   for case in xml.parse(junit).getroot().iter("testcase")}
        require(trace[1] in outputs[failing], "the trace is not in the JUnit output")
        if self.options.framework == "gtest":
            require("(Skipped)" in self.ctest("-R", "IsSkipped").stdout, "it is not skipped")
        again = self.ctest("--rerun-failed", expected=8)
        require("1 tests failed out of 1" in again.stdout, "not only the failed one", again)
        return os.path.join(self.build, trace[1])

    def check_trace(self, trace):
        tools = glob.glob(os.path.join(self.directory, "installed", "bin", "ttrace"))
        tool = tools[0] if tools else os.path.join(self.options.build, "src", "cli", "ttrace")
        self.run(tool, "verify", trace)
        attached = glob.glob(os.path.join(self.build, ".ttrace", "attached", "*.ttrace"))
        require(len(attached) == 1, f"not one file to attach: {attached}")

    def check_flags(self):
        """The binary's own flags work without CTest."""
        tests = os.path.join(self.build, "tests")
        result = self.run(tests, "--ttrace-until-fail=300", expected=1)
        require("replay verified" in result.stdout, "the binary itself finds nothing", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "how", "framework", "build", "source", "catch2":
        parser.add_argument("--" + name)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ttrace-consumer-") as directory:
        consumer = Consumer(options, os.path.realpath(directory))
        try:
            consumer.configure()
            consumer.check_listing()
            consumer.check_trace(consumer.check_run())
            consumer.check_flags()
        except Wrong as wrong:
            sys.exit(f"{options.how}, {options.framework}: {wrong}")


if __name__ == "__main__":
    main()
