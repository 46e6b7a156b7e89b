"""A project outside of ours that uses ttrace: configures, builds, runs CTest, and opens the trace.

    consumer_test.py --how find_package|FetchContent|add_subdirectory --frameworks gtest,catch2
                     --build BUILD --source SOURCE [--catch2 PREFIX]

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
    COUNT = {"gtest": 3, "catch2": 2}

    def __init__(self, options, directory):
        self.options = options
        self.frameworks = options.frameworks.split(",")
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
        self.tool = os.path.join(self.options.build, "src", "cli", "ttrace")
        if self.options.how == "find_package":
            prefix = os.path.join(self.directory, "installed")
            self.run("cmake", "--install", self.options.build, "--prefix", prefix)
            prefixes.append(prefix)
            self.tool = os.path.join(prefix, "bin", "ttrace")
        # Only what this project needs of ttrace is built, however it got it.
        self.run("cmake", "-S", self.project, "-B", self.build, "-G", "Ninja",
                 f"-DHOW={self.options.how}", f"-DFRAMEWORKS={';'.join(self.frameworks)}",
                 f"-DTTRACE_SOURCE={self.options.source}", f"-DTTRACE_TOOL={self.tool}",
                 f"-DCMAKE_PREFIX_PATH={';'.join(prefixes)}", "-DCMAKE_BUILD_TYPE=Debug")
        self.run("cmake", "--build", self.build, "-j", "2", "--target",
                 *(framework + "_tests" for framework in self.frameworks),
                 *(["launched_tests"] if "gtest" in self.frameworks else []))

    def check_listing(self):
        tests = json.loads(self.ctest("-L", "flaky", "--show-only=json-v1").stdout)["tests"]
        names = [test["name"] for test in tests]
        for framework in self.frameworks:
            require(self.FAILING[framework] in names, f"not listed: {names}")
        count = sum(self.COUNT[framework] for framework in self.frameworks)
        require(len(names) == count, f"not all and no more: {names}")
        for test in tests:
            properties = {entry["name"]: entry["value"] for entry in test["properties"]}
            require(sorted(properties["LABELS"]) == ["flaky", "nightly", "ttrace"], str(properties))

    def check_run(self):
        junit = os.path.join(self.directory, "junit.xml")
        result = self.ctest("-L", "flaky", "-j", "2", "--output-on-failure", "--output-junit", junit,
                            expected=8)
        count = len(self.frameworks)
        require(f"{count} tests failed" in result.stdout, f"not exactly {count} failed", result)
        require(re.search(r"debug +ttrace replay ", result.stdout), "no command", result)
        outputs = {case.get("name"): case.findtext("system-out")
                   for case in xml.parse(junit).getroot().iter("testcase")}
        traces = []
        for framework in self.frameworks:
            trace = re.search(r"trace +(\S+\.ttrace) .*replay verified",
                              outputs[self.FAILING[framework]])
            require(trace, f"no line with the trace of {framework} in the JUnit output", result)
            require(trace[0] in result.stdout, "no such line in what CTest prints", result)
            traces.append(os.path.join(self.build, trace[1]))
        if "gtest" in self.frameworks:
            require("(Skipped)" in self.ctest("-R", "IsSkipped").stdout, "it is not skipped")
        again = self.ctest("--rerun-failed", expected=8)
        require(f"{count} tests failed out of {count}" in again.stdout, "not only the failed",
                again)
        return traces

    def check_traces(self, traces):
        for trace in traces:
            self.run(self.tool, "verify", trace)
        attached = glob.glob(os.path.join(self.build, ".ttrace", "attached", "*.ttrace"))
        require(len(attached) == len(traces), f"not one file to attach each: {attached}")
        for file in attached:
            alone = os.path.join(self.directory, "alone")
            os.makedirs(alone, exist_ok=True)
            self.run(self.tool, "verify", "--replay", shutil.copy(file, alone))

    def check_hang(self):
        """A hang is a trace, and not a test that CTest had to kill."""
        result = self.ctest("-L", "timed", "--output-on-failure", expected=8)
        require("***Failed" in result.stdout and "Timeout" not in result.stdout, "killed", result)
        require(re.search(r"timed out.*\n(.*\n)*.*replay verified", result.stdout), "no trace",
                result)

    def check_launcher(self):
        """The suite runs through a launcher that CMake calls the emulator: TEST_LAUNCHER's older
        name."""
        result = self.ctest("-L", "launched", "-j", "2", "--output-on-failure", expected=8)
        require("2 tests failed out of 3" in result.stdout, "not those two", result)
        for case in "IsNotZero", "Hangs":
            require(re.search(rf"trace +\S+Launched.{case}-1.ttrace .*replay verified",
                              result.stdout), f"no trace of {case}", result)

    def check_flags(self):
        """The binary's own flags work without CTest."""
        for framework in self.frameworks:
            tests = os.path.join(self.build, framework + "_tests")
            chosen = ["--gtest_filter=-Hang.*"] if framework == "gtest" else []
            result = self.run(tests, "--ttrace-until-fail=300", *chosen, expected=1)
            require("replay verified" in result.stdout, "the binary itself finds nothing", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "how", "frameworks", "build", "source", "catch2":
        parser.add_argument("--" + name)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ttrace-consumer-") as directory:
        consumer = Consumer(options, os.path.realpath(directory))
        try:
            consumer.configure()
            consumer.check_listing()
            consumer.check_traces(consumer.check_run())
            consumer.check_flags()
            if "gtest" in consumer.frameworks:
                consumer.check_hang()
                consumer.check_launcher()
        except Wrong as wrong:
            sys.exit(f"{options.how}, {options.frameworks}: {wrong}")


if __name__ == "__main__":
    main()
