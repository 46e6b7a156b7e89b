"""`ttrace record` of programs that know nothing of it, and their replay byte for byte."""

import os
import re
import shutil
import subprocess

from robustness_common import check, main, needs, require


def same(place, *program, code=0, cwd=None, env=None, deterministic=True):
    """Recorded and replayed: the same bytes and exit code; those of a plain run, too."""
    if shutil.which(program[0]) is None:
        needs(program[0])
    trace = place.path("tmp", "program.ttrace")
    options = {"cwd": cwd or place.directory, "env": env or {}}
    recorded = place.tool("record", "-o", trace, "--", *program, **options)
    ours = re.compile(rb"\[ttrace\] .*\n")
    require(recorded.returncode == code, f"exit code is not {code}", recorded)
    require(len(ours.findall(recorded.stderr)) == 1, "not one line of ttrace", recorded)
    errors = ours.sub(b"", recorded.stderr)
    for _ in range(3):
        replayed = place.tool("replay", "--autopilot", trace, cwd="/")
        require((replayed.returncode, replayed.stdout, replayed.stderr) ==
                (recorded.returncode, recorded.stdout, errors),
                f"the replay differs from\n{recorded.stdout[-2000:]!r}\n{errors[-2000:]!r}",
                replayed)
    if deterministic:
        plain = place.run(*program, **options)
        code = 128 - plain.returncode if plain.returncode < 0 else plain.returncode
        require((code, plain.stdout) == (recorded.returncode, recorded.stdout),
                "a plain run differs", plain)
    place.require_verified(trace)
    os.remove(trace)
    shutil.rmtree(place.path("tmp", "objects"))
    return recorded


@check
def coreutils(place):
    same(place, "ls", "-l", "/", deterministic=False)
    same(place, "ls", "-laR", "/etc", code=subprocess.run(
        ["ls", "-laR", "/etc"], capture_output=True, check=False).returncode)
    same(place, "true")
    same(place, "false", code=1)
    same(place, "cat", "/etc/passwd")
    same(place, "date", "+%N", deterministic=False)
    same(place, "sleep", "0.2")
    same(place, "head", "-c", "1000000", "/dev/urandom", deterministic=False)
    same(place, "sort", "-R", "/etc/services" if os.path.exists("/etc/services") else "/etc/passwd",
         deterministic=False)
    same(place, "sh", "-c", "exit 42", code=42)
    same(place, "sh", "-c", "kill -TERM $$", code=143)
    same(place, "sh", "-c", "kill -SEGV $$", code=139)


@check
def shells_and_pipes(place):
    same(place, "bash", "-c", "echo a | tr a b")
    same(place, "bash", "-c", "for i in $(seq 30); do echo $i | sed s/1/x/; done; echo end >&2")
    same(place, "bash", "-c", "seq 100000 | sort -rn | tail -3 | rev")
    same(place, "bash", "-c", "trap 'echo caught' USR1; kill -USR1 $$; wait; echo $RANDOM",
         deterministic=False)
    same(place, "bash", "-c", "sleep 0.1 & sleep 0.05 & wait; echo done; cat <(echo sub)")
    same(place, "sh", "-c", "echo x > f; mv f g; cat g; rm g; find . -name g | wc -l")


@check
def python_threads_and_children(place):
    program = """
import os, random, subprocess, sys, threading, time
lock, results = threading.Lock(), []
def work(n):
    for i in range(20):
        with lock:
            results.append((n, i))
        time.sleep(0.0005)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(results), results[:10], random.random(), time.time(), os.getpid())
print(subprocess.run(["tr", "a", "b"], input=b"banana", capture_output=True).stdout)
print(subprocess.check_output("echo $$; date +%N", shell=True), file=sys.stderr)
"""
    same(place, "/usr/bin/python3", "-c", program, deterministic=False)


@check
def python_asynchronous(place):
    program = """
import asyncio, socket
async def serve(reader, writer):
    writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async def ask(n):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello %d\\n" % n); answer = await reader.readline(); writer.close()
        return answer
    print(await asyncio.gather(*map(ask, range(5))))
    process = await asyncio.create_subprocess_exec("echo", "child", stdout=-1)
    print(await process.communicate())
    server.close()
asyncio.run(main())
"""
    same(place, "/usr/bin/python3", "-c", program, deterministic=False)


@check
def python_shared_memory(place):
    """Writable memory that processes share through a file: replayed, or refused by name."""
    program = """
import multiprocessing
with multiprocessing.Pool(2) as pool:
    print(pool.map(abs, range(-5, 0)))
"""
    command = "record", "-o", place.path("tmp", "x.ttrace"), "--", "/usr/bin/python3", "-c", program
    result = place.tool(*command)
    if result.returncode == 2:
        require(b"not recordable: " in result.stderr, "no reason is given", result)
        place.require_clean()
        return result.stderr.decode().strip()
    same(place, *command[4:])
    return None


@check
def git(place):
    env = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
           "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_PAGER": "cat"}
    same(place, "git", "--version")
    where = place.path("scratch")
    os.mkdir(where)
    for words in (["init", "-q", "."], ["add", "file"], ["commit", "-m", "first"],
                  ["log", "--stat"], ["gc", "-q"], ["fsck"], ["status"]):
        with open(os.path.join(where, "file"), "w", encoding="utf-8") as file:
            file.write("line\n" * 1000)
        same(place, "git", *words, cwd=where, env=env, deterministic=False)
    result = place.run("git", "log", "--oneline", cwd=where, env=env)
    require(len(result.stdout.splitlines()) == 1, "the commit is not there", result)


@check
def perl(place):
    same(place, "perl", "-e", "print join(',', map { $_ * $_ } 1..10), qq(\\n); warn 'x'; "
         "open(P, 'echo piped |'); print <P>; exit 3", code=3)
    same(place, "perl", "-e", "fork; print $$, rand(), time, qq(\\n); wait", deterministic=False)


@check
def sqlite(place):
    same(place, "sqlite3", "x.db", "create table t(a); insert into t values (random()), (2); "
         "select * from t; drop table t;", deterministic=False)


@check
def compiler(place):
    needs("g++")
    with open(place.path("main.cpp"), "w", encoding="utf-8") as file:
        file.write("#include <iostream>\n#include <map>\n#include <string>\n"
                   "int main() { std::map<std::string, int> m{{\"a\", 1}};"
                   " std::cout << m.size() << std::endl; }\n")
    same(place, "g++", "-O1", "-Wall", "-o", "main", "main.cpp")
    result = place.run("./main")
    require(result.stdout == b"1\n", "the program that was compiled", result)
    same(place, place.path("main"))
    same(place, "g++", "-fsyntax-only", "nowhere.cpp", code=1)


@check
def standard_input(place):
    with open(place.path("input"), "wb") as file:
        file.write(bytes(range(256)) * 1000)
    with open(place.path("input"), "rb") as stdin:
        recorded = place.tool("record", "-o", "t.ttrace", "--", "cat", stdin=stdin)
    os.remove(place.path("input"))
    replayed = place.tool("replay", "--autopilot", "t.ttrace")
    require(recorded.returncode == 0 and recorded.stdout == bytes(range(256)) * 1000, "recorded")
    require(replayed.stdout == recorded.stdout, "the replay differs", replayed)


@check
def without_what_was_read(place):
    """Neither the program nor its files are needed."""
    shutil.copy2("/bin/cat", place.path("program"))
    with open(place.path("file"), "w", encoding="utf-8") as file:
        file.write("read once\n")
    trace = place.record("./program", "file")
    os.remove(place.path("program"))
    os.remove(place.path("file"))
    result = place.tool("replay", "--autopilot", trace)
    require(result.stdout == b"read once\n", "the replay", result)


if __name__ == "__main__":
    main(__doc__.splitlines()[0])
