"""The page "from a flaky test to its cause": its commands, in order, print today what it says.

    guide_test.py --ttrace TTRACE --example RACE --page docs/guides/from-flaky-to-cause.md

In the page "..." stands for anything. Numbers that may differ from run to run (events, threads, sizes,
times, rates) are compared as numbers only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

LIMIT = 300
# The last hunt is of a program that the reader has mended by then.
NOT_RUN = "--ttrace-until-fail=1000"
# What may differ, and what stands for it in a regular expression.
VARIES = ((r"event \d+", r"event \\d+"), (r"thread (\d+ \()?\d+", r"thread (\\d+ \\()?\\d+"),
          (r"Thread \d+\.\d+", r"Thread \\d+\\.\\d+"), (r"history from 1 to \d+", r"history from 1 to \\d+"),
          (r"attempt \d+ +[\d.]+ s", r"attempt \\d+ +[\\d.]+ s"), (r"\(\d+ KiB\)", r"\\(\\d+ KiB\\)"),
          (r"rate    .*", r"rate    \\d.*"))


def commands(page):
    """(command, the lines that it should print) of every `$ ` and `(gdb) ` in the page's blocks."""
    found = []
    for block in re.findall(r"^```\n(.*?)^```", page, re.M | re.S):
        for line in block.splitlines():
            command = re.match(r"(?:\$|\(gdb\)) (.*)", line)
            if command:
                found.append((line.startswith("$"), command[1], []))
            elif found and line.strip() not in ("", "...") and re.search(r"^(\$|\(gdb\)) ", block, re.M):
                found[-1][2].append(line)
    return found


def pattern(line):
    """A line of the page as a regular expression."""
    parts, rest = "", line.strip()
    while rest:
        begins = [(found.start(), found.end(), re.sub(regex, into, found[0]))
                  for regex, into in VARIES if (found := re.search(regex, rest))]
        begins += [(found.start(), found.end(), ".*") for found in re.finditer(r" *\.\.\. *", rest)]
        if not begins:
            break
        begin, end, into = min(begins)
        parts += re.escape(rest[:begin]).replace(r"\ ", " ") + into
        rest = rest[end:]
    return parts + re.escape(rest).replace(r"\ ", " ")


def missing(lines, output):
    """The first line of the page that the output does not have after those before it."""
    position = 0
    for line in lines:
        found = re.compile(pattern(line)).search(output, position)
        if not found:
            return line
        position = found.end()
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in "ttrace", "example", "page":
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    with open(options.page, encoding="utf-8") as file:
        steps = commands(file.read())
    in_gdb = [(command, lines) for is_shell, command, lines in steps if not is_shell]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TTRACE")}
    environment["PATH"] = os.path.dirname(os.path.abspath(options.ttrace)) + ":" + environment["PATH"]
    ran = 0
    with tempfile.TemporaryDirectory(prefix="ttrace-guide-") as directory:
        shutil.copy(options.example, os.path.join(directory, "race"))
        for is_shell, command, lines in steps:
            if not is_shell or NOT_RUN in command:
                continue
            if command.startswith("ttrace replay "):
                # What is typed at gdb's prompt follows in the page.
                script = os.path.join(directory, "typed")
                with open(script, "w", encoding="utf-8") as file:
                    file.writelines(typed + "\n" for typed, _ in in_gdb)
                command += f" --batch --commands={script}"
                lines = lines + [line for _, shown in in_gdb for line in shown]
            result = subprocess.run(command, shell=True, cwd=directory, env=environment, text=True,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
            ran += 1
            line = missing(lines, result.stdout)
            if line is not None:
                sys.exit(f"the page says\n{line}\nand \"{command}\" prints\n{result.stdout}")
    if ran < 2 or len(in_gdb) < 4:
        sys.exit(f"the page has too few commands: {ran} and {len(in_gdb)} in gdb")


if __name__ == "__main__":
    main()
