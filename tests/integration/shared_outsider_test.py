"""Memory that a process outside the recording writes: warned of by name; private on demand.

    shared_outsider_test.py --ttrace TTRACE --guest SHARED_WINDOW
"""

import argparse
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import threading


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--guest", required=True)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="ttrace-outsider-") as directory:
        path = os.path.join(directory, "shared")
        trace = os.path.join(directory, "guest.ttrace")
        with open(path, "wb") as file:
            file.write(bytes(8192))

        def run(*command):
            return subprocess.run(command, capture_output=True, timeout=60, check=False,
                                  stdin=subprocess.DEVNULL)

        def record(*flags):
            result = run(options.ttrace, "record", "-o", trace, *flags, "--", options.guest, path)
            assert result.returncode == 0, result
            return result.stdout, result.stderr.decode()

        def left_word():
            with open(path, "rb") as file:
                return struct.unpack_from("i", file.read(), 4096)[0]

        # Nobody else has it: no warning, the word arrives.
        out, err = record()
        assert b"steady" in out and "warning" not in err, (out, err)
        assert left_word() == 42, left_word()

        stop = threading.Event()
        with open(path, "r+b") as file:
            memory = mmap.mmap(file.fileno(), 8192)
        memory[4096:4100] = bytes(4)

        def count():
            number = 7
            while not stop.wait(0.0005):
                number += 1
                memory[0:4] = struct.pack("i", number)

        outsider = threading.Thread(target=count)
        outsider.start()
        try:
            out, err = record()
            warnings = [line for line in err.splitlines() if "warning" in line]
            assert len(warnings) == 1, err
            for part in (path, f"process {os.getpid()} ", "not recorded", "--ttrace-private"):
                assert part in warnings[0], (part, warnings[0])
            assert b"changed" in out, out
            assert left_word() == 42
            memory[4096:4100] = bytes(4)

            out, err = record("--private", "/nowhere/*", "--private", directory + "/sh?red")
            assert b"steady" in out and "warning" not in err, (out, err)
            assert left_word() == 0, left_word()
        finally:
            stop.set()
            outsider.join()
        replayed = run(options.ttrace, "replay", "--autopilot", trace)
        assert (replayed.returncode, replayed.stdout) == (0, out), (replayed, out)
    print("warned, and kept apart on demand")


if __name__ == "__main__":
    sys.exit(main())
