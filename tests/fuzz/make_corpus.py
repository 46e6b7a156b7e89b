"""Makes the fuzz targets' corpus from traces that are recorded now.
    make_corpus.py --ttrace TTRACE --seeds FUZZ_SEEDS [--guests DIR] CORPUS
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile

# One program for each thing that puts another kind of event into a trace.
GUESTS = ("thread_spawns", "signal_altstack", "shared_ping_pong", "file_mapped_changes",
          "insn_random_device", "process_tree", "process_vfork_exec", "leak_threads")


def built_guest(directory, name):
    found = glob.glob(os.path.join(os.path.abspath(directory), "*", name))
    if not found:
        sys.exit(f"make_corpus: no guest {name} below {directory}")
    return found[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--seeds", required=True)
    parser.add_argument("--guests", help="where the guests of tests/conformance were built")
    parser.add_argument("corpus")
    options = parser.parse_args()
    programs = [["/bin/true"], ["sh", "-c", "echo hello | cat; ls -l /"]]
    programs += [[built_guest(options.guests, name)] for name in GUESTS if options.guests]
    shutil.rmtree(options.corpus, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="ttrace-fuzz-") as directory:
        environment = dict(os.environ, TTRACE_CACHE_DIR=os.path.join(directory, "cache"))
        traces = []
        for number, program in enumerate(programs):
            if not shutil.which(program[0]):
                continue
            for chaos in "on", "off":
                trace = os.path.join(directory, f"{number}-{chaos}.ttrace")
                subprocess.run([options.ttrace, "record", f"--chaos={chaos}", "--seed=1", "-o",
                                trace, "--", *program], env=environment, cwd=directory,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False, timeout=120)
                if os.path.exists(trace):
                    traces.append(trace)
        if len(traces) < len(programs):
            sys.exit(f"only {len(traces)} traces could be made")
        subprocess.run([options.seeds, options.corpus, *traces], check=True)
    for target in sorted(os.listdir(options.corpus)):
        print(target, len(os.listdir(os.path.join(options.corpus, target))), "seeds")


if __name__ == "__main__":
    main()
