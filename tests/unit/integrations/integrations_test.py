"""The start lines, the guard, the handshake and the marks of the libraries that users link.

Arguments: the directory of the probes, libttrace_start.a, libttrace_gtest.a.
An imitation of the supervisor, a shell script, prints how it was executed.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

PROBES, START_ARCHIVE, GTEST_ARCHIVE = sys.argv[1:4]

SUPERVISOR = """#!/bin/sh
echo "supervisor $0"
for argument; do echo "argument $argument"; done
env | grep -E '^(TTRACE|PROBE)' | sort
exit 7
"""


def probe(name):
    return os.path.join(PROBES, name)


def run(command, executable=None, **environment):
    base = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run(command, executable=executable, env={**base, **environment},
                          capture_output=True, text=True, timeout=60, check=False)


class Start(unittest.TestCase):

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.supervisor = os.path.join(self.directory.name, "ttrace")
        with open(self.supervisor, "w", encoding="ascii") as file:
            file.write(SUPERVISOR)
        os.chmod(self.supervisor, 0o755)

    def started(self, result):
        self.assertNotIn("library initialised", result.stderr)
        return result.returncode == 7 and result.stdout.startswith("supervisor ")

    def test_without_flags_nothing_changes(self):
        flags = ["--gtest_print_time=0", "--gtest_filter=-ProbeDeathTest.*"]
        plain = run([probe("probe_plain"), *flags])
        self.assertIn("3 FAILED TESTS", plain.stdout)
        self.assertEqual(plain.stderr, "library initialised\n")
        for name in "probe_linked", "probe_linked_last":
            linked = run([probe(name), *flags], TTRACE=self.supervisor, TTRACE_SEED="1")
            self.assertEqual(linked.returncode, plain.returncode)
            self.assertEqual(linked.stdout, plain.stdout)
            self.assertEqual(linked.stderr, plain.stderr)

    def test_how_the_supervisor_is_executed(self):
        binary = probe("probe_linked")
        result = run(["tests", "--ttrace-until-fail=500", "--gtest_filter=A b.*", "", "--", "-x"],
                     executable=binary, TTRACE=self.supervisor, PROBE="kept",
                     TTRACE_EXECUTABLE="/somewhere/else")
        self.assertTrue(self.started(result), result)
        self.assertEqual(result.stdout.splitlines(), [
            "supervisor " + self.supervisor,
            "argument supervise",
            "argument --protocol=1",
            "argument --framework=gtest",
            "argument --",
            "argument tests",
            "argument --ttrace-until-fail=500",
            "argument --gtest_filter=A b.*",
            "argument ",
            "argument --",
            "argument -x",
            "PROBE=kept",
            "TTRACE=" + self.supervisor,
            "TTRACE_EXECUTABLE=" + os.path.realpath(binary),
        ])

    def test_in_any_link_order_statically_and_by_a_constructor(self):
        for name in "probe_linked_last", "probe_static", "probe_by_constructor":
            result = run([probe(name), "--ttrace-record", "last"], TTRACE=self.supervisor)
            self.assertTrue(self.started(result), result)
            self.assertIn("argument --framework=gtest\nargument --\n", result.stdout)
            self.assertIn("argument --ttrace-record\nargument last\n", result.stdout)

    def test_environment_twins_start_a_mode(self):
        binary = probe("probe_linked")
        for name, value, expected in (
                ("TTRACE_UNTIL_FAIL", "5", True), ("TTRACE_RECORD", "1", True),
                ("TTRACE_REPLAY", "a.ttrace", True), ("TTRACE_RECORD", "", False),
                ("TTRACE_RECORD", "0", False), ("TTRACE_SEED", "5", False),
                ("TTRACE_UNTIL_FAILED", "5", False)):
            result = subprocess.run(
                [binary, "--gtest_filter=Probe.Passes"], capture_output=True, text=True,
                env={"TTRACE": self.supervisor, name: value}, check=False)
            self.assertEqual(result.returncode, 7 if expected else 0, (name, value, result))

    def test_flags_after_two_dashes_are_not_ours(self):
        result = run([probe("probe_linked"), "--gtest_filter=Probe.Passes", "--", "--ttrace-record"],
                     TTRACE=self.supervisor)
        self.assertEqual(result.returncode, 0, result)

    def test_a_supervised_process_starts_none(self):
        result = run([probe("probe_linked"), "--gtest_filter=Probe.Passes", "--ttrace-record"],
                     TTRACE=self.supervisor, TTRACE_SUPERVISED="1")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("[  PASSED  ] 1 test.", result.stdout)

    def test_a_death_test_child_starts_none(self):
        result = run([probe("probe_linked"), "--ttrace-record",
                      "--gtest_internal_run_death_test=x.cpp|1|1|9"], TTRACE=self.supervisor)
        self.assertNotIn("supervisor", result.stdout)

    def test_death_tests_of_a_supervised_process(self):
        result = run([probe("probe_linked"), "--gtest_filter=*Dies*"],
                     TTRACE=self.supervisor, TTRACE_RECORD="1", TTRACE_SUPERVISED="1")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("[  PASSED  ] 2 tests.", result.stdout)

    def test_the_supervisor_is_found_in_path(self):
        path = "/nonexistent::" + os.path.dirname(__file__) + ":" + self.directory.name + ":/usr/bin"
        result = run([probe("probe_linked"), "--ttrace-record"], PATH=path, TTRACE="/nonexistent/x")
        self.assertTrue(self.started(result), result)
        self.assertTrue(result.stdout.startswith("supervisor " + self.supervisor + "\n"))

    def test_ttrace_goes_before_path(self):
        other = os.path.join(self.directory.name, "other")
        os.link(self.supervisor, other)
        result = run([probe("probe_linked"), "--ttrace-record"],
                     PATH=self.directory.name + ":/usr/bin:/bin", TTRACE=other)
        self.assertTrue(result.stdout.startswith("supervisor " + other + "\n"), result)

    def fails_with_one_line(self, result, text):
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, text)

    def test_a_missing_supervisor_is_one_clear_line(self):
        command = [probe("probe_linked"), "--ttrace-record"]
        for environment in {}, {"PATH": ""}, {"PATH": "x" * 5000}:
            self.fails_with_one_line(
                run(command, **environment),
                "ttrace: cannot find the supervisor `ttrace` (looked at /nonexistent/ttrace, "
                "TTRACE, which is not set, and in PATH): "
                "install ttrace or set TTRACE to its path\n")
        os.chmod(self.supervisor, 0o644)
        self.fails_with_one_line(
            run(command, TTRACE=self.supervisor),
            "ttrace: cannot find the supervisor `ttrace` (looked at /nonexistent/ttrace, "
            f"TTRACE={self.supervisor} and in PATH): install ttrace or set TTRACE to its path\n")

    def test_a_supervisor_that_cannot_be_executed_is_one_clear_line(self):
        with open(self.supervisor, "w", encoding="ascii") as file:
            file.write("neither a script nor a program")
        self.fails_with_one_line(
            run([probe("probe_linked"), "--ttrace-record"], TTRACE=self.supervisor),
            f"ttrace: cannot execute the supervisor {self.supervisor} (error 8): "
            "install ttrace again or set TTRACE to its path\n")

    def test_many_arguments(self):
        result = run([probe("probe_linked"), "--ttrace-record", *["x"] * 50000],
                     TTRACE=self.supervisor)
        self.assertTrue(self.started(result))
        self.assertEqual(result.stdout.count("argument x\n"), 50000)


class Archives(unittest.TestCase):

    def test_they_export_only_ttrace_names(self):
        for archive in START_ARCHIVE, GTEST_ARCHIVE:
            listing = run(["nm", "--defined-only", "--extern-only", archive]).stdout
            names = re.findall(r"^[0-9a-f]+ [A-UX-Z] (\S+)$", listing, re.MULTILINE)  # not weak
            self.assertTrue(names)
            self.assertEqual([name for name in names if not name.startswith("ttrace_")
                              and not name.startswith("DW.ref.")], [])

    def test_the_start_library_needs_only_the_environment_and_no_allocation(self):
        listing = run(["nm", "--undefined-only", START_ARCHIVE]).stdout
        names = set(re.findall(r" [Uw] (\S+)$", listing, re.MULTILINE))
        ours = {name for name in names if name.startswith("ttrace_")}
        self.assertLessEqual(names - ours, {"environ", "_GLOBAL_OFFSET_TABLE_"})


class Marks(unittest.TestCase):

    BEGIN, END, FAILED, PASSED, SKIPPED = 1, 2, 3, 4, 7

    def marks(self, case):
        result = run([probe("probe_listener"), "--gtest_filter=" + case])
        found = []
        for line in result.stderr.splitlines():
            if line.startswith("mark "):
                kind, value, file, text = line.split(" ", 4)[1:]
                found.append((int(kind), int(value), file, text))
        return found

    def test_marks_of_a_case(self):
        here = "probe.cpp"
        for case, result, inside in (
                ("Probe.Passes", 1, [(self.PASSED, 0, here, "as it should")]),
                ("Probe.Fails", 0, [(self.FAILED, 0, here, "  3"),
                                    (self.FAILED, 1, here, "and fatally")]),
                ("Probe.IsSkipped", 2, [(self.SKIPPED, 0, here, "for a reason")]),
                ("Probe.FailsInAThread", 0, [(self.FAILED, 0, here, "in a thread")]),
                ("Probe.ExpectsItsFailure", 1, []),
                ("Fixture.Constructs", 0, [(self.FAILED, 0, here, "in the constructor")]),
                ("Styles/ProbeDeathTest.Dies/0", 1, []),
                ("Styles/ProbeDeathTest.Dies/1", 1, [])):
            self.assertEqual(self.marks(case), [
                (self.BEGIN, 0, here, case), *inside, (self.END, result, here, case)], case)

    def test_a_case_that_does_not_run_has_no_marks(self):
        self.assertEqual(self.marks("Probe.DISABLED_Rests"), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
