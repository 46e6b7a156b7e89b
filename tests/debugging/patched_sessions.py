"""The program as it runs in a replay has jumps over its instructions (to stubs that count) and traps at
its system calls. A debugger must see none of it."""

import re
import struct

import harness

STEPS = 60


class Inside:
    """Where a session stands in one function, instruction by instruction."""

    def __init__(self, session, function):
        self.session = session
        self.gdb = session.gdb
        session.do_run_to(function)
        listed = self.gdb.command("-data-disassemble -a %s -- 0" % function)["asm_insns"]
        self.instructions = [int(line["address"], 16) for line in listed]

    def at(self):
        return int(self.gdb.value("(unsigned long)$pc"), 0)

    def go(self, command):
        self.gdb.run(command)
        return self.at()


def look(steps):
    def run(ttrace, guest):
        with harness.opened(ttrace, guest) as session:
            steps(session)
    return run


def single_steps(session):
    """Each step ends at an instruction of the function, or in a function that it called; the way back
    is the same one."""
    inside = Inside(session, "allocate")
    low, high = inside.instructions[0], inside.instructions[-1]
    way = [inside.at()]
    for _ in range(STEPS):
        way.append(inside.go("-exec-step-instruction"))
        if low <= way[-1] <= high and way[-1] not in inside.instructions:
            raise harness.Wrong(f"a step ends at {way[-1]:#x}, which is no instruction")
    back = [inside.go("-exec-step-instruction --reverse") for _ in range(STEPS)]
    harness.require_equal(back, way[-2::-1], "the way back")


def steps_over_cpuid(session):
    """CPUID, whose way leads through a stub to the agent, is one step; the way back is the same one."""
    inside = Inside(session, "random_bits")
    listed = session.gdb.command("-data-disassemble -a random_bits -- 0")["asm_insns"]
    sites = [int(line["address"], 16) for line in listed if line["inst"].startswith("cpuid")]
    way = [inside.at()]
    while way[-1] in inside.instructions:
        way.append(inside.go("-exec-step-instruction"))
    behind = [after for before, after in zip(way, way[1:]) if before in sites]
    harness.require_equal(behind, [site + 2 for site in sites], "where steps over CPUID end")
    harness.require_equal(len(sites), 1, "CPUID")
    back = [inside.go("-exec-step-instruction --reverse") for _ in way[1:]]
    harness.require_equal(back, way[-2::-1], "the way back")


def breakpoints_everywhere(session):
    """Breakpoints on all instructions of the function stop where single steps stop."""
    inside = Inside(session, "allocate")
    session.do_run_to("#loop")
    session.do_fingerprint("start")
    start = inside.at()
    way = [inside.go("-exec-step-instruction") for _ in range(STEPS)]
    for _ in range(STEPS):
        inside.go("-exec-step-instruction --reverse")
    harness.require_equal(inside.at(), start, "the start again")
    session.do_fingerprint_is("start")
    for address in set(way):
        session.do_break(f"*{address:#x}")
    harness.require_equal([inside.go("-exec-continue") for _ in range(STEPS)], way,
                          "stops at breakpoints")
    back = [inside.go("-exec-continue --reverse") for _ in range(STEPS - 1)]
    harness.require_equal(back, way[-2::-1], "stops at breakpoints backwards")


def text_of(program):
    """The executable segment of an ELF file: its address, and its bytes."""
    with open(program, "rb") as file:
        data = file.read()
    headers, size, count = (struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54))
    for i in range(count):
        kind, flags, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, headers + i * size)
        if kind == 1 and flags & 1:
            return address, data[offset:offset + length], headers
    raise harness.Wrong("no executable segment")


def original_bytes(session):
    """What gdb reads of the program's text is what the file has, breakpoints or not."""
    session.do_run_to("#last")
    for place in ("allocate", "twice", "#ready"):
        session.do_break(place)
    session.do_go("-exec-continue --reverse")
    address, text, headers = text_of(session.guest.program)
    vector = session.gdb.console_of("info auxv")
    base = int(re.search(r"AT_PHDR.*(0x[0-9a-f]+)", vector).group(1), 16) - headers
    shown = session.gdb.command(f"-data-read-memory-bytes {base + address:#x} {len(text)}")
    harness.require_equal(bytes.fromhex(shown["memory"][0]["contents"]) == text, True,
                          "memory and file agree")


SESSIONS = [
    ("single steps over stubs", "calls", look(single_steps)),
    ("breakpoints on moved instructions", "calls", look(breakpoints_everywhere)),
    ("single steps over CPUID", "calls", look(steps_over_cpuid)),
    ("the original text is shown", "calls", look(original_bytes)),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
