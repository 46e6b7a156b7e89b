"""What a hunt tells besides its lines: rates, several failures, result files, the page of a report."""

import json
import os
import re
import shutil
import tempfile
import xml.etree.ElementTree as ElementTree

from robustness_common import Skipped, check, main, require, require_refused


def hunt(place, *flags, attempts=3, case=None, **options):
    words = [f"--gtest_filter={case}"] if case else []
    return place.run(place.guest("robustness_cases"), f"--ttrace-until-fail={attempts}", *words,
                     "--ttrace-timeout=5", *flags, **options)


def stable(text):
    """A hunt's lines without what differs from run to run: times, rates, sizes, threads."""
    text = re.sub(r"\d+\.\d s( \(\d+/s\))?", "TIME", text.decode())
    text = re.sub(r", \d+ jobs| \(\d+ ms( total)?\)", "", text)
    text = re.sub(r"thread \d+", "thread", text)
    return sorted(re.sub(r"\(\d+ KiB\)|-\d+\.ttrace| +", " ", line) for line in text.splitlines())


@check
def the_number_of_jobs_changes_nothing(place):
    texts = []
    for jobs in 1, 2, 5:
        result = place.run(place.example("race"), "--ttrace-until-fail=5000", "--ttrace-seed=4711",
                           f"--ttrace-jobs={jobs}")
        require(result.returncode == 1, f"{jobs} jobs: the race is not found", result)
        texts.append(re.search(rb"on attempt (\d+) .*event (\d+)", result.stdout, re.S).groups())
        shutil.rmtree(place.store)
    require(len(set(texts)) == 1, f"attempts and events differ: {texts}")
    texts = []
    for jobs in 1, 3:
        result = hunt(place, "--ttrace-seed=1", f"--ttrace-jobs={jobs}", attempts=2,
                      case="Mixed.*:-*NowAndThen:*Hangs")
        require(result.returncode == 1, f"{jobs} jobs", result)
        texts.append(stable(result.stdout))
        shutil.rmtree(place.store)
    require(texts[0] == texts[1], "the lines differ:\n" + "\n".join(
        sorted(set(texts[0]) ^ set(texts[1]))))
    place.require_clean()


@check
def a_time_is_enough(place):
    result = place.run(place.guest("robustness_cases"), "--ttrace-time=1s",
                       "--gtest_filter=Mixed.Passes*")
    require(result.returncode == 0 and b"time is up: 2 cases: 2 passed" in result.stdout, "", result)
    require_refused(place.run(place.guest("robustness_cases"), "--ttrace-keep=2"), "--ttrace-keep",
                    "--ttrace-until-fail")
    place.require_clean()


@check
def several_failures_and_their_rate(place):
    result = hunt(place, "--ttrace-keep=3", attempts=60, case="*NowAndThen")
    require(result.returncode == 1, "exit code", result)
    require(re.search(rb"FAILED \d+ of 60", result.stdout), "no count of failures", result)
    require(re.search(rb"rate +\d+ of 60 attempts: \d+ % \(95 %", result.stdout), "rate", result)
    require(len(place.traces()) == 1, f"failures at one place are one: {place.traces()}", result)
    place.require_verified(*place.traces())
    place.require_clean()


@check
def a_skipped_case_is_not_repeated(place):
    result = hunt(place, attempts=50, case="Mixed.IsSkipped")
    require(result.returncode == 0 and b"; 1 attempt in" in result.stdout, "", result)


@check
def result_files(place):
    names = {kind: place.path("tmp", "results." + kind) for kind in ("json", "junit", "xml")}
    result = hunt(place, f"--ttrace-output=json:{names['json']}",
                  f"--ttrace-output=junit:{names['junit']}", f"--gtest_output=xml:{names['xml']}",
                  case="-Mixed.FailsNowAndThen:Slow.*")
    require(result.returncode == 1, "exit code", result)
    with open(names["json"], encoding="utf-8") as file:
        summary = json.load(file)
    cases = {case["name"]: case for case in summary["cases"]}
    require(cases["Mixed.Aborts"]["kept"][0]["verdict"] == "crashed", f"{cases['Mixed.Aborts']}")
    require(cases["Mixed.PassesInBetween"]["failure_rate"]["least"] == 0, "a rate")
    junit = ElementTree.parse(names["junit"]).getroot()
    require(junit.tag == "testsuites" and [suite.get("name") for suite in junit] == ["Mixed"], "root")
    counts = junit[0]
    require((counts.get("tests"), counts.get("failures"), counts.get("errors"),
             counts.get("skipped")) == ("11", "8", "0", "1"), f"{counts.attrib}")
    by_name = {case.get("name"): case for case in counts}
    failed = by_name["FailsAtOnce"]
    require(failed.get("classname") == "Mixed" and failed.find("failure").get("message"), "a failure")
    require("said before the failure" in failed.find("system-out").text, "its output")
    require("[[ATTACHMENT|" in failed.find("system-out").text, "its trace")
    require(by_name["IsSkipped"].find("skipped").get("message") == "no reason", "why skipped")
    # GoogleTest's own: the same cases, and a crash does not lose it.
    own = ElementTree.parse(names["xml"]).getroot()
    require((own.get("tests"), own.get("failures"), own.get("name")) == ("11", "8", "AllTests"),
            f"{own.attrib}")
    crashed = [case for case in own.iter("testcase") if case.get("name") == "Aborts"][0]
    require(crashed.get("result") == "completed" and "SIGABRT" in crashed.find("failure").text,
            "the crash")
    for name in names.values():
        os.remove(name)
    place.require_clean()


@check
def a_result_file_that_cannot_be_written_is_found_first(place):
    result = hunt(place, "--ttrace-output=junit:/proc/results.xml", case="Mixed.Passes*")
    require_refused(result, "/proc/results.xml")
    require_refused(hunt(place, "--ttrace-output=html:x"), "--ttrace-output", "junit:FILE")


@check
def annotations_where_github_runs_it(place):
    result = hunt(place, case="Mixed.FailsAtOnce:Mixed.Aborts",
                  env={"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/nowhere"})
    lines = [line for line in result.stdout.splitlines() if line.startswith(b"::error ")]
    require(len(lines) == 2, "not one line for each failure", result)
    require(b"file=" in lines[0] and b"robustness_cases.cpp,line=" in lines[0], "place", result)
    require(b"%0A" in lines[0], "line breaks", result)
    result = hunt(place, case="Mixed.FailsAtOnce")
    require(b"::error" not in result.stdout, "elsewhere it is silent", result)


def screenshot(page, picture):
    """Renders a page in a browser; its text as a script-less browser has it."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        raise Skipped("chromium is not installed")
    return [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--window-size=1200,2400", f"--screenshot={picture}", f"file://{page}"]


@check
def a_report_is_one_page(place):
    result = hunt(place, attempts=20, case="Mixed.Passes*:Mixed.FailsAtOnce:Mixed.Aborts")
    require(result.returncode == 1, "exit code", result)
    race = place.run(place.example("race"), "--ttrace-until-fail=5000")
    require(race.returncode == 1, "the race", race)
    page = place.path("tmp", "report.html")
    result = place.tool("report", "-o", page)
    require(result.returncode == 0 and b"3 kept failures" in result.stdout, "report", result)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for word in ("Mixed.PassesAndTalks", "with 95 % confidence", "SIGABRT", "TestBody",
                 "robustness_cases.cpp", "said before the failure", "ttrace replay",
                 "GivesEachJobToOneConsumer", "<svg"):
        require(word in text, f"the page does not say \"{word}\"")
    require(not re.search(r"(src|href)=|<script|@import|url\(", text), "it needs something else")
    require(text.count("failed here") == 3, "stacks of the threads that failed")
    # In a browser. What a browser leaves behind is its own.
    with tempfile.TemporaryDirectory(prefix="ttrace-browser-") as home:
        picture = os.path.join(home, "page.png")
        result = place.run(*screenshot(page, picture), env={"HOME": home, "TMPDIR": home})
        require(result.returncode == 0 and os.path.getsize(picture) > 20000, "rendering", result)
        keep = os.environ.get("TTRACE_TEST_PICTURE")
        if keep:
            shutil.copy(picture, keep)
            shutil.copy(page, keep + ".html")


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
