"""ttrace inspect and ttrace doctor on real inputs.

    tool_reports_test.py --ttrace TTRACE [--deny ROBUSTNESS_DENY]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

# A command that takes longer hangs.
LIMIT = 120
ROWS = ("container", "ptrace", "kernel.yama.ptrace_scope", "seccomp filter", "time stamp counter",
        "address randomisation", "hardware counters", "cpuid faulting", "random instructions",
        "gdb", "cache directory", "trace directory")


class Wrong(Exception):
    """What the tool did instead of what it should do."""


def require(condition, what, result):
    if not condition:
        raise Wrong(f"{what}\n--- {' '.join(result.args)}: exit code {result.returncode}\n"
                    f"--- standard output\n{result.stdout}\n--- standard error\n{result.stderr}")


def libc():
    """Where the C library of this process is."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            found = re.search(r"(/\S*/libc[.-]\S*)$", line)
            if found:
                return found[1]
    raise Wrong("no C library in /proc/self/maps")


class Tool:
    """Runs ttrace in an empty directory."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory

    def run(self, *arguments, deny="", **variables):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("TTRACE_")}
        environment["TTRACE_CACHE_DIR"] = os.path.join(self.directory, "cache")
        environment.update(variables)
        command = [self.options.ttrace, *arguments]
        if deny:
            command = [self.options.deny, deny, *command]
        return subprocess.run(command, cwd=self.directory, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=LIMIT)


def one_line(result, *words):
    require(result.returncode == 2, "exit code 2 was expected", result)
    require(result.stderr.startswith("ttrace: ") and result.stderr.count("\n") == 1,
            "one line was expected", result)
    for word in words:
        require(word in result.stderr, f"\"{word}\" should be named", result)


def inspect_reads_binaries(tool):
    binaries = [tool.options.ttrace, libc()]
    text = tool.run("inspect", *binaries)
    require(text.returncode == 0 and text.stderr == "", "no error was expected", text)
    for word in (*binaries, "functions", "sparse loops", "counted", "not counted", "CPUID"):
        require(word in text.stdout, f"\"{word}\" should be shown", text)
    result = tool.run("inspect", "--json", *binaries)
    require(result.returncode == 0, "no error was expected", result)
    reports = json.loads(result.stdout)
    require([report["path"] for report in reports] == binaries, "paths in order", result)
    for report in reports:
        require(report["refusal"] == "" and report["functions"] > 100, "a plan", result)
        require(report["text_bytes"] > report["functions"] and report["stub_bytes"] > 0 and
                report["plan_bytes"] > report["text_bytes"], "sizes", result)
        loops = report["cycles"]["jump within a function"]
        require(0 < loops["counted"] <= loops["all"] == sum(
            n for how, n in loops["how"].items() if how != "not needed"), "sums", result)
        require(loops["counted"] > loops["all"] / 2, "most loops are counted", result)
    require(reports[0]["sites"]["cpuid"] > 0, "ttrace asks the CPU what it is", result)


def inspect_refuses_other_files(tool):
    text = os.path.join(tool.directory, "text")
    with open(text, "w", encoding="utf-8") as file:
        file.write("no binary\n")
    fifo = os.path.join(tool.directory, "fifo")
    os.mkfifo(fifo)
    cut = os.path.join(tool.directory, "cut")
    with open(libc(), "rb") as whole, open(cut, "wb") as file:
        file.write(whole.read(40))
    missing = os.path.join(tool.directory, "missing")
    for path in (text, fifo, cut, tool.directory, "/dev/null"):
        one_line(tool.run("inspect", path), path, "no x86-64 ELF file")
    one_line(tool.run("inspect", missing), missing, "No such file")
    one_line(tool.run("inspect", missing + "\nx"), "missing\\nx")
    one_line(tool.run("inspect"), "BINARY")
    one_line(tool.run("inspect", "--jsn", "x"), "--jsn")
    # The others have their turn.
    result = tool.run("inspect", "--json", missing, libc(), text)
    require(result.returncode == 2 and result.stderr.count("\n") == 2, "two errors", result)
    require([report["path"] for report in json.loads(result.stdout)] == [libc()],
            "one report", result)
    for name in (text, fifo, cut):
        os.unlink(name)


def rows_of(result):
    rows = {}
    for line in result.stdout.splitlines():
        found = re.fullmatch(r"(ok|no|--)  (\S+(?: \S+)*)  +(\S.*)", line)
        if found:
            rows[found[2]] = (found[1], found[3])
    require(tuple(rows) == ROWS, f"the rows should be {ROWS}", result)
    return rows


def can_record(tool):
    return tool.run("record", "-o", "x.ttrace", "--", "/bin/true").returncode == 0


def doctor_agrees_with_record(tool):
    result = tool.run("doctor")
    rows = rows_of(result)
    recorded = can_record(tool)
    subprocess.run(["rm", "-rf", "x.ttrace", "objects", "cache"], cwd=tool.directory, check=True)
    require((result.returncode == 0) == recorded, f"recording works: {recorded}", result)
    require(rows["gdb"][0] == "no" or "GNU gdb" in rows["gdb"][1], "gdb's version", result)
    require(".ttrace" in rows["trace directory"][1], "the trace directory", result)
    if result.returncode == 0:
        require(result.stdout.endswith("recording works here\n") and result.stderr == "",
                "what follows", result)


def doctor_names_directories(tool):
    file = os.path.join(tool.directory, "file")
    with open(file, "w", encoding="utf-8"):
        pass
    for result in (tool.run("doctor", f"--dir={file}/traces"),
                   tool.run("doctor", TTRACE_DIR=f"{file}/traces")):
        one_line(result, "trace directory", file, "Not a directory", "--dir=DIR")
    result = tool.run("doctor", TTRACE_CACHE_DIR=f"{file}/cache")
    require(rows_of(result)["cache directory"][0] == "no", "the cache cannot be written", result)
    os.unlink(file)
    result = tool.run("doctor", "--dir=new/traces")
    require(rows_of(result)["trace directory"][0] == "ok", "it could be created", result)
    one_line(tool.run("doctor", "x"), "one argument too many")


def doctor_without_gdb(tool):
    before = tool.run("doctor")
    result = tool.run("doctor", PATH="/nowhere")
    state, text = rows_of(result)["gdb"]
    require(state == "no" and "apt-get install gdb" in text, "no gdb", result)
    require(result.returncode == before.returncode, "recording needs no gdb", result)


def doctor_under_a_filter(tool):
    if not tool.options.deny or tool.run("doctor").returncode != 0:
        return
    for denied, row, obstacle in (("ptrace", "ptrace", True), ("prctl", "time stamp counter", True),
                                  ("seccomp", "seccomp filter", True),
                                  ("personality", "address randomisation", False)):
        result = tool.run("doctor", deny=denied)
        state, text = rows_of(result)[row]
        require(state == "no" and "Operation not permitted" in text, f"no {row}", result)
        if obstacle:
            one_line(result, "recording cannot work here", row)
        else:
            require(result.returncode == 0, "no obstacle", result)
    one_line(tool.run("doctor", deny="fork"), "ptrace")


def hardware_ticks_are_refused(tool):
    for result in (tool.run("record", "--ticks=hardware", "--", "/bin/true"),
                   tool.run("record", "--", "/bin/true", TTRACE_TICKS="hardware"),
                   tool.run("until-fail", "--ticks=hardware", "--", "/bin/true")):
        one_line(result, "=hardware is not possible here: ")
        require("=software" in result.stderr, "the next step", result)
        require(not os.path.exists(os.path.join(tool.directory, ".ttrace")), "no trace", result)
    one_line(tool.run("record", "--ticks=x", "--", "/bin/true"),
             "expects auto, hardware, software or none")


CHECKS = (inspect_reads_binaries, inspect_refuses_other_files, doctor_agrees_with_record,
          doctor_names_directories, doctor_without_gdb, doctor_under_a_filter,
          hardware_ticks_are_refused)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--deny", help="runs a program without some system calls")
    options = parser.parse_args()
    options.ttrace = os.path.abspath(options.ttrace)
    options.deny = options.deny and os.path.abspath(options.deny)
    failed = 0
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as directory:
            try:
                check(Tool(options, directory))
                if os.listdir(directory):
                    raise Wrong(f"left behind: {os.listdir(directory)}")
                print(f"ok      {check.__name__}", flush=True)
            except (Wrong, subprocess.TimeoutExpired) as wrong:
                failed += 1
                print(f"FAILED  {check.__name__}: {wrong}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
