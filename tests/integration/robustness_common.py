"""What the robustness tests share: a directory for each check, commands with a limit, and a watch
over what they leave behind.

A script registers its checks with @check and ends with main(). Each check gets a Place of its own.
    robustness_NAME.py --ttrace TTRACE --examples DIR --guests DIR [--work DIR] [-k TEXT] [--list]
"""

import argparse
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

# A command that takes longer hangs. Far more than any of them needs, also on a busy machine.
LIMIT = float(os.environ.get("ROBUSTNESS_LIMIT", "120"))
# So long may a killed process take to disappear.
GRACE = 20
PR_SET_CHILD_SUBREAPER = 36

_checks = []


class Wrong(Exception):
    """What a command did instead of what it should do."""


class Skipped(Exception):
    """Why a check cannot be made on this machine."""


def check(function):
    _checks.append(function)
    return function


def require(condition, what, result=None):
    if condition:
        return
    raise Wrong(what + (f"\n{describe(result)}" if result is not None else ""))


def describe(result):
    def text(data):
        return (data or b"").decode(errors="replace")[-3000:]
    return (f"--- {' '.join(map(str, result.args))}\n--- exit code {result.returncode}\n"
            f"--- standard output\n{text(result.stdout)}\n--- standard error\n{text(result.stderr)}")


def shell_status(wait_status):
    """An exit status as wait(2) gives it, as a shell shows it."""
    if os.WIFSIGNALED(wait_status):
        return 128 + os.WTERMSIG(wait_status)
    return os.WEXITSTATUS(wait_status)


def is_root():
    return os.geteuid() == 0


def needs(program):
    if shutil.which(program) is None:
        raise Skipped(f"{program} is not installed")


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def descendants():
    """Every process that this one, a subreaper, is responsible for: (pid, state, command)."""
    parents, rows = {}, {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                line = file.read()
        except OSError:
            continue
        pid = int(line.split(" ", 1)[0])
        name = line[line.index("(") + 1:line.rindex(")")]
        state, parent = line[line.rindex(")") + 2:].split()[:2]
        parents.setdefault(int(parent), []).append(pid)
        rows[pid] = (pid, state, name)
    found, wave = [], [os.getpid()]
    while wave:
        wave = [child for parent in wave for child in parents.get(parent, [])]
        found += [rows[pid] for pid in wave]
    return found


def processes_left(grace=GRACE):
    """The processes of earlier commands that do not go away. They are ended then."""
    end = time.monotonic() + grace
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        left = descendants()
        if not left:
            return []
        if time.monotonic() > end:
            break
        time.sleep(0.02)
    for pid, _, _ in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(0.2)
    return [f"{name} (pid {pid}, state {state})" for pid, state, name in left]


def wait_for(process, limit=LIMIT):
    """Its exit code, or None if it does not end; then it and all its processes are ended."""
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        for pid, _, _ in descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        return None


_SOCKET_DIRECTORY = re.compile(r"/tmp/ttrace-\w{6}$")


def socket_directories():
    """What a debugger session may have put into /tmp, ours and others'."""
    return {path for path in glob.glob("/tmp/ttrace-??????") if _SOCKET_DIRECTORY.match(path)}


class Place:
    """A directory to work in, with a home and a place for temporary files."""

    def __init__(self, options, directory):
        self.options = options
        self.ttrace = os.path.abspath(options.ttrace)
        self.directory = directory
        self.store = os.path.join(directory, ".ttrace")
        for name in "home", "tmp":
            os.mkdir(os.path.join(directory, name))
        self.sockets = socket_directories()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def example(self, name):
        return os.path.join(os.path.abspath(self.options.examples), name)

    def guest(self, name):
        path = os.path.join(os.path.abspath(self.options.guests), name)
        if not os.path.exists(path):
            raise Skipped(f"{path} is not built")
        return path

    def environment(self, **changes):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("TTRACE", "GTEST_", "XDG_"))}
        environment.update(HOME=self.path("home"), TMPDIR=self.path("tmp"), TERM="dumb")
        for name, value in changes.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        return environment

    def start(self, *command, env=None, **options):
        """A command in a session of its own, so that a signal can be sent to all of it."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("cwd", self.directory)
        options.setdefault("start_new_session", True)
        return subprocess.Popen([str(word) for word in command],
                                env=self.environment(**(env or {})), **options)

    def run(self, *command, limit=LIMIT, **options):
        # Files, not pipes: a process that is left behind must not hold us up.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.start(*command, **{"stdout": out, "stderr": err, **options})
            code = wait_for(process, limit)
            out.seek(0)
            err.seek(0)
            result = subprocess.CompletedProcess(process.args, code, out.read(), err.read())
        require(code is not None, "hangs", result)
        return result

    def tool(self, *arguments, **options):
        return self.run(self.ttrace, *arguments, **options)

    def traces(self):
        return sorted(glob.glob(os.path.join(glob.escape(self.store), "*.ttrace")))

    def record(self, *program, output=None, **options):
        """Records a program that exits with 0; the trace's path."""
        output = output or self.path("recorded.ttrace")
        result = self.tool("record", "-o", output, "--", *program, **options)
        require(result.returncode == 0, "a recording fails", result)
        return output

    def require_verified(self, *traces):
        for trace in traces:
            result = self.tool("verify", "--replay", trace)
            require(result.returncode == 0, "a kept trace does not verify", result)

    def leftovers(self, known=()):
        """Files that are neither ours nor a complete trace, an object or the cache of plans."""
        left = []
        allowed = {"home", "tmp", ".ttrace", *known}
        left += [name for name in os.listdir(self.directory) if name not in allowed]
        left += ["tmp/" + name for name in os.listdir(self.path("tmp"))]
        for base, _, names in os.walk(self.path("home")):
            relative = os.path.relpath(base, self.path("home"))
            if names and not relative.startswith(".cache/ttrace"):
                left += [os.path.join("home", relative, name) for name in names]
            left += [os.path.join(base, name) for name in names if name.startswith(".")]
        if os.path.isdir(self.store):
            left += [".ttrace/" + name for name in os.listdir(self.store)
                     if name != "objects" and not name.endswith(".ttrace")]
            objects = os.path.join(self.store, "objects")
            if os.path.isdir(objects):
                left += ["objects/" + name for name in os.listdir(objects)
                         if not re.fullmatch("[0-9a-f]{32}", name)]
        return left

    def require_clean(self, known=()):
        """Nothing but complete traces and objects, and no process."""
        left = processes_left()
        require(not left, f"processes were left behind: {left}")
        left = self.leftovers(known)
        require(not left, f"files were left behind: {left}")
        end = time.monotonic() + GRACE
        while (new := socket_directories() - self.sockets) and time.monotonic() < end:
            time.sleep(0.2)  # another test may be in a session just now
        require(not new, f"sockets were left behind: {new}")


def ends(process, what):
    """Waits for a command's end and returns what it wrote."""
    code = wait_for(process)
    require(code is not None, f"{what}: does not end")
    texts = []
    for stream in process.stdout, process.stderr:
        # Not until the end of file: a process that is left behind may hold the other end.
        os.set_blocking(stream.fileno(), False)
        texts.append(stream.read() or b"")
        stream.close()
    return subprocess.CompletedProcess(process.args, code, *texts)


def in_order(place, what, known=()):
    """No process, no file; what was kept is complete."""
    try:
        place.require_clean(known)
        place.require_verified(*place.traces())
    except Wrong as wrong:
        raise Wrong(f"{what}: {wrong}") from None


def tell(wrong, function, *arguments):
    """So that one moment does not hide the others."""
    try:
        function(*arguments)
    except Wrong as what:
        wrong.append(str(what))


def killed_after(place, seconds, *command, sent=signal.SIGKILL, group=False):
    process = place.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    if process.poll() is None:
        (os.killpg if group else os.kill)(process.pid, sent)
    return ends(process, f"{sent} after {seconds:.4f} s")


def duration_of(place, *command):
    began = time.monotonic()
    result = place.run(*command)
    return time.monotonic() - began, result


def as_nobody(place):
    if not is_root():
        return []
    needs("setpriv")
    os.chmod(place.directory, 0o755)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # Where not even the programs can be reached, nothing can be learnt.
    probe = place.run(*command, "test", "-x", place.ttrace)
    if probe.returncode != 0:
        raise Skipped("another user cannot reach the build directory")
    return command


def in_tmpfs(place, size, *command):
    """Runs a command in a tmpfs of that many bytes; what is left there, by name."""
    if not is_root():
        raise Skipped("only root can mount a small tmpfs")
    needs("unshare")
    where = place.path("small")
    os.makedirs(where, exist_ok=True)
    script = ('mount -t tmpfs -o size="$1" none "$2" || exit 77; cd "$2" || exit 77; shift 2; "$@";'
              ' code=$?; find . -type f -printf "%P %s %T@\\n" > ../left; exit $code')
    result = place.run("unshare", "-m", "sh", "-c", script, "sh", size, where, *command)
    if result.returncode == 77:
        raise Skipped("a tmpfs cannot be mounted here")
    with open(place.path("left"), encoding="utf-8") as file:
        rows = [line.split() for line in file.read().splitlines()]
    return result, {name: (int(bytes_), float(when)) for name, bytes_, when in rows}


def require_refused(result, *names, what="", code=2, progress=False):
    """One line on standard error that names these things, and exit code 2. Nothing on standard
    output, or only ttrace's own lines if it had begun."""
    lines = result.stderr.decode(errors="replace").splitlines()
    require(result.returncode == code, f"{what}: exit code is not {code}", result)
    require(len(lines) == 1, f"{what}: not one line on standard error but {len(lines)}", result)
    require(lines[0].startswith("ttrace: "), f"{what}: the line is not ttrace's", result)
    for name in names:
        require(name in lines[0], f"{what}: the line does not name \"{name}\"", result)
    shown = result.stdout.splitlines()
    require(not shown or progress and all(line.startswith(b"[ttrace]") for line in shown),
            f"{what}: something is on standard output", result)
    return lines[0]


def main(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--examples", required=True)
    parser.add_argument("--guests", required=True)
    parser.add_argument("--work", help="where the directories are made (default: TMPDIR)")
    parser.add_argument("-k", default="", help="only checks whose name contains this")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--times", type=int, default=1, help="how often everything is repeated")
    options = parser.parse_args()
    # Orphans of what we start become our children, so that none escapes.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    chosen = [function for function in _checks if options.k in function.__name__]
    if options.list:
        print("\n".join(function.__name__ for function in chosen))
        return
    failed = 0
    for function in chosen * options.times:
        began = time.monotonic()
        directory = tempfile.mkdtemp(prefix="ttrace-robust-", dir=options.work)
        outcome, detail = "pass", ""
        try:
            place = Place(options, os.path.realpath(directory))
            detail = function(place) or ""
        except Skipped as skipped:
            outcome, detail = "skip", str(skipped)
        except Wrong as wrong:
            outcome, detail = "FAIL", str(wrong)
        except Exception:  # pylint: disable=broad-except
            outcome, detail = "FAIL", traceback.format_exc()
        left = processes_left(GRACE if outcome == "pass" else 1)
        if left and outcome == "pass":
            outcome, detail = "FAIL", f"processes were left behind: {left}"
        failed += outcome == "FAIL"
        print(f"{outcome}  {function.__name__}  {time.monotonic() - began:.1f} s"
              + (f"  {detail}" if detail else ""), flush=True)
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(1 if failed else 0)
