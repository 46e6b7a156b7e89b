"""A project outside of ours that uses ttrace: configures, builds, runs CTest, and opens the trace.

    consumer_test.py --how find_package|FetchContent|add_subdirectory --frameworks gtest,catch2
                     --build BUILD --source SOURCE [--catch2 PREFIX] [--cmake CMAKE]

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

SOURCES_WITH_MISTAKES = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.25)
project(wrong CXX)
find_package(GTest REQUIRED)
find_package(ttrace REQUIRED)
add_executable(cases cases.cpp)
target_link_libraries(cases GTest::gtest_main)
add_executable(empty empty.cpp)
cmake_language(EVAL CODE "${CALL}")
""",
    "cases.cpp": "#include <gtest/gtest.h>\nTEST(A, B) {}\n",
    "empty.cpp": "int main() {}\n",
}
# (what is called, what is said)
MISTAKES_FOR_CMAKE = (
    ("ttrace_discover_tests(cases UNTILFAIL 5)", "not understood: UNTILFAIL 5; the keywords are"),
    ("ttrace_discover_tests(nothing)", "call it after add_executable"),
    ("ttrace_discover_tests(cases UNTIL_FAIL many)", 'UNTIL_FAIL expects a number of attempts, like'),
    ("ttrace_discover_tests(cases TIME_BUDGET soon)", "TIME_BUDGET expects a number of seconds"),
    ("ttrace_discover_tests(cases FRAMEWORK boost)", "FRAMEWORK expects auto, gtest or catch2"),
    ("ttrace_discover_tests(cases DISCOVERY_MODE LATE)", "DISCOVERY_MODE is POST_BUILD or PRE_TEST"),
    ("find_package(ttrace REQUIRED COMPONENTS boost)", "choose gtest or catch2"),
)
MISTAKES_FOR_THE_BUILD = (
    ("ttrace_discover_tests(cases TEST_FILTER Z.*)", "is selected: check the filter"),
    ("ttrace_discover_tests(cases TRACE_DIR /proc/x)", "choose a directory that can be written"),
    ("ttrace_discover_tests(empty)", "name it with --framework=NAME"),
    ("ttrace_discover_tests(empty FRAMEWORK gtest)", "is it a GoogleTest program"),
)


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
        self.cmake = options.cmake or "cmake"
        self.launchers = ["CROSSCOMPILING_EMULATOR"]
        version = re.search(r"version (\d+)\.(\d+)", self.run(self.cmake, "--version").stdout)
        if tuple(map(int, version.groups())) >= (3, 29):
            self.launchers.append("TEST_LAUNCHER")

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
        ctest = os.path.join(os.path.dirname(self.cmake), "ctest")
        return self.run(ctest, "--test-dir", self.build, *arguments, expected=expected)

    def configure(self):
        prefixes = [self.options.catch2] if self.options.catch2 else []
        self.tool = os.path.join(self.options.build, "src", "cli", "ttrace")
        if self.options.how == "find_package":
            prefix = os.path.join(self.directory, "installed")
            self.run(self.cmake, "--install", self.options.build, "--prefix", prefix)
            prefixes.append(prefix)
            self.tool = os.path.join(prefix, "bin", "ttrace")
        # Only what this project needs of ttrace is built, however it got it.
        self.run(self.cmake, "-S", self.project, "-B", self.build, "-G", "Ninja",
                 f"-DHOW={self.options.how}", f"-DFRAMEWORKS={';'.join(self.frameworks)}",
                 f"-DTTRACE_SOURCE={self.options.source}", f"-DTTRACE_TOOL={self.tool}",
                 f"-DCMAKE_PREFIX_PATH={';'.join(prefixes)}", "-DCMAKE_BUILD_TYPE=Debug")
        launched = self.launchers if "gtest" in self.frameworks else []
        self.run(self.cmake, "--build", self.build, "-j", "2", "--target",
                 *(framework + "_tests" for framework in self.frameworks),
                 *("launched_by_" + launcher for launcher in launched))

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
        require(" jobs, seed" not in result.stdout, "a test takes more CPUs than CTest knows", result)
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

    def check_launchers(self):
        """A suite that does not link ttrace runs through it."""
        for launcher in self.launchers:
            result = self.ctest("-L", launcher, "-j", "2", "--output-on-failure", expected=8)
            require("2 tests failed out of 3" in result.stdout, "not those two", result)
            for case in "IsNotZero", "Hangs":
                require(re.search(rf"trace +\S+Launched.{case}-\d.ttrace .*replay verified",
                                  result.stdout), f"no trace of {case}", result)

    def check_pkg_config(self):
        """Without CMake, with a package that was moved."""
        installed = os.path.join(self.directory, "installed")
        variables = {"PKG_CONFIG_PATH": f"{installed}/lib/pkgconfig:"
                                        f"{installed}/lib/{os.uname().machine}-linux-gnu/pkgconfig",
                     "PATH": f"{installed}/bin:{os.environ['PATH']}"}
        source = os.path.join(self.project, "tests", "gtest_test.cpp")
        self.run("sh", "-c",
                 'g++ -std=c++17 -g -o tests "$0" '
                 "$(pkg-config --variable=integrations ttrace)/gtest/listener.cpp "
                 "$(pkg-config --cflags --libs ttrace gtest_main)", source, **variables)
        result = self.run(os.path.join(self.directory, "tests"), "--ttrace-until-fail=300",
                          "--gtest_filter=Draw.*", expected=1, **variables)
        require("replay verified" in result.stdout, "nothing is found", result)

    def check_man_page(self):
        page = os.path.join(self.directory, "installed", "share", "man", "man1", "ttrace.1")
        with open(page, encoding="utf-8") as file:
            require("\\-\\-fallback" in file.read(), "a flag is missing in the man page")
        if shutil.which("groff"):
            complaints = self.run("groff", "-man", "-ww", "-z", page)
            require(not complaints.stdout, "groff complains of the man page", complaints)

    def check_refusals(self):
        """Mistakes in a call are told at once: by CMake, or by the build where only it can know."""
        project, build = (os.path.join(self.directory, name) for name in ("wrong", "wrong_build"))
        os.makedirs(project)
        for name, text in SOURCES_WITH_MISTAKES.items():
            with open(os.path.join(project, name), "w", encoding="utf-8") as file:
                file.write(text)
        self.run(self.cmake, "-S", project, "-B", build, "-G", "Ninja", "-DCALL=",
                 f"-DCMAKE_PREFIX_PATH={self.directory}/installed")
        for call, words in MISTAKES_FOR_CMAKE:
            result = self.run(self.cmake, f"-DCALL={call}", build, expected=1)
            self.require_says(result, words)
        for call, words in MISTAKES_FOR_THE_BUILD:
            self.run(self.cmake, f"-DCALL={call}", build)
            self.require_says(self.run(self.cmake, "--build", build, expected=1), words)

    def require_says(self, result, words):
        text = re.sub(r"\s+", " ", result.stdout)  # CMake breaks lines where it likes
        require(words in text, f"it does not say \"{words}\"", result)

    def check_flags(self):
        """The binary's own flags work without CTest."""
        for framework in self.frameworks:
            tests = os.path.join(self.build, framework + "_tests")
            chosen = ["--gtest_filter=-Hang.*"] if framework == "gtest" else []
            result = self.run(tests, "--ttrace-until-fail=300", *chosen, expected=1)
            require("replay verified" in result.stdout, "the binary itself finds nothing", result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "how", "frameworks", "build", "source", "catch2", "cmake":
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
                consumer.check_launchers()
                if options.how == "find_package":
                    consumer.check_pkg_config()
                    consumer.check_man_page()
                    consumer.check_refusals()
        except Wrong as wrong:
            sys.exit(f"{options.how}, {options.frameworks}: {wrong}")


if __name__ == "__main__":
    main()
