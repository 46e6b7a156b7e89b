"""Registers, thread-local variables, what signals and system calls brought, pretty printers."""

import harness

SESSIONS = [
    ("vector registers", "values", [
        ("run_to", "*vectors_loaded"),
        ("value", "$ymm9.v8_float", "{1.5, 2, 3, 4, 5, 6, 7, 8}"),
        ("value", "$ymm9.v2_int128[1]", "86399819746097371755572949466782629888"),
    ]),
    ("floating point registers", "values", [
        ("run_to", "*floats_loaded"),
        ("value", "$xmm3.v4_float", "{1.5, 2, 3, 4}"),
        ("value", "$st0", "1"),
        ("value", "$ftag", "16383"),
        ("value", "$mxcsr", "[ IM DM ZM OM UM PM ]"),
    ]),
    ("segment bases", "values", [
        ("pass", "SIGUSR1"),
        ("run_to", "containers"),
        ("value", "*(void**)$fs_base == (void*)$fs_base", "true"),
        ("value", "$gs_base", "0"),
    ]),
    ("every register can be read", "values", [
        ("pass", "SIGUSR1"),
        ("run_to", "containers"),
        ("console", "info all-registers"),
    ]),
    ("thread-local variables of the main thread", "values", [
        ("run_to", "#after the thread"),
        ("value", "own_number", "7"),
        ("value", "own_text", '"main"'),
    ]),
    ("thread-local variables of a thread", "values", [
        ("run_to", "#in a thread"),
        ("value", "own_number", "1"),
        ("value", "own_text", '"thread 1"'),
        ("value", "(int)errno", "101"),
        ("thread", 1),
        ("up", "main"),
        ("value", "own_number", "7"),
        ("value", "own_text", '"main"'),
    ]),
    ("the signal's siginfo", "values", [
        ("go",),
        ("reason", "signal-received"),
        ("stopped", "signal-name", "SIGUSR1"),
        ("value", "$_siginfo.si_signo", "10"),
        ("value", "$_siginfo._sifields._rt.si_sigval.sival_int", "4711"),
    ]),
    ("containers are printed as what they hold", "values", [
        ("pass", "SIGUSR1"),
        ("run_to", "#containers"),
        ("value", "numbers", "std::vector of length 5, capacity 5 = {3, 1, 4, 1, 5}"),
        ("value", "ages", 'std::map with 2 elements = {["ada"] = 36, ["alan"] = 41}'),
        ("value", "name", '"a name that is too long for the small buffer"'),
    ]),
    ("mappings", "values", [
        ("pass", "SIGUSR1"),
        ("run_to", "containers"),
        ("console", "info proc mappings"),
    ]),
]

if __name__ == "__main__":
    harness.main(SESSIONS)
