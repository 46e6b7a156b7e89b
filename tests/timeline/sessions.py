"""What scripted sessions do and where each must stop.

A session is (name, guest, steps). A step is a command, or (command, expected): expected fields of the
stop ("line" by the name of its marker in the source, "func", "reason", "thread-id", "old", "new",
"signal-name"), and after "=" the values of expressions. Commands are gdb's; "goto PLACE" seeks.
"""

HIT = "breakpoint-hit"
STEP = "end-stepping-range"
WATCH = "watchpoint-trigger"
HISTORY = "no-history"


def at(line, reason=None, **values):
    expected = {"line": line}
    if reason:
        expected["reason"] = reason
    expected["="] = values
    return expected


SESSIONS = [
    # Breakpoints and the ends of history.
    ("back to the last hit", "straight",
     ["goto end", "break square",
      ("reverse-continue", at("add-", HIT, n="9", total="204"))]),
    ("back over all hits to the begin", "straight",
     ["goto end", "break square"]
     + [("reverse-continue", {"reason": HIT, "=": {"n": str(n)}}) for n in range(9, -1, -1)]
     + [("reverse-continue", {"reason": HISTORY})]),
    ("forward over all hits to the end", "straight",
     ["goto begin", "break square"]
     + [("continue", {"reason": HIT, "=": {"n": str(n)}}) for n in range(10)]
     + [("continue", {"reason": HISTORY})]),
    ("there and back", "straight",
     ["goto begin", "break LINE:deep", ("continue", at("deep", HIT, sum="285")),
      "break LINE:odd", ("continue", at("odd", HIT)),
      ("reverse-continue", at("deep", HIT)), ("continue", at("odd", HIT)),
      ("reverse-continue", at("deep", HIT))]),
    ("a hardware breakpoint", "straight",
     ["goto end", "hbreak LINE:deep", ("reverse-continue", at("deep", HIT))]),
    ("begin of history twice", "straight",
     ["goto begin", ("reverse-continue", {"reason": HISTORY}),
      ("reverse-stepi", {"reason": HISTORY})]),
    ("end of history twice", "straight",
     ["goto end", ("continue", {"reason": HISTORY}), ("continue", {"reason": HISTORY})]),
    ("temporary breakpoints backwards", "straight",
     ["goto end", "tbreak LINE:deep", ("reverse-continue", at("deep", HIT)),
      ("reverse-continue", {"reason": HISTORY})]),
    ("an ignore count backwards", "straight",
     ["goto end", "break square", "ignore LAST 3", ("reverse-continue", at("add-", HIT, n="6"))]),

    # Conditions, evaluated in the stub.
    ("a condition backwards", "straight",
     ["goto end", "break square if n == 4", ("reverse-continue", at("add-", HIT, n="4")),
      ("reverse-continue", {"reason": HISTORY})]),
    ("a condition forwards", "straight",
     ["goto begin", "break square if n * n > 30 && total > 60",
      ("continue", at("add-", HIT, n="7"))]),
    ("a condition that is never true", "straight",
     ["goto end", "break square if n == 44", ("reverse-continue", {"reason": HISTORY})]),
    ("a condition on memory", "straight",
     ["goto end", "break LINE:loop if total == 55", ("reverse-continue", at("loop", HIT, i="6"))]),

    # Steps.
    ("reverse-next over a call", "straight",
     ["goto begin", "break LINE:deep", "continue",
      ("reverse-next", {"reason": STEP, "func": "main", "=": {}}),
      ("next", at("deep", HIT))]),
    ("reverse-step into a call", "straight",
     ["goto begin", "break LINE:read", ("continue", at("read", HIT)), "delete",
      "break LINE:depth", ("reverse-continue", {"reason": HIT, "func": "depth", "=": {"n": "0"}}),
      "delete", ("reverse-finish", {"func": "depth", "=": {}}),
      ("reverse-step", {"func": "depth", "=": {"n": "1"}})]),
    ("reverse-finish", "straight",
     ["goto begin", "break LINE:add if n == 3", ("continue", at("add", HIT)), "delete",
      ("reverse-finish", {"func": "main", "line": "loop", "=": {"i": "3"}})]),
    ("reverse-stepi and stepi", "straight",
     ["goto begin", "break LINE:add if n == 3", "continue", "delete",
      ("reverse-stepi", {"reason": STEP, "=": {}}), ("stepi", at("add", STEP, n="3"))]),
    ("many reverse-stepi and stepi", "straight",
     ["goto begin", "break LINE:add if n == 3", "continue", "delete",
      ("reverse-stepi 40", {"reason": STEP, "=": {}}), ("stepi 40", at("add", STEP, n="3"))]),
    ("until backwards", "straight",
     ["goto begin", "break LINE:deep", "continue", "delete", "set exec-direction reverse",
      ("until LINE:loop", at("loop", sum="204", i="9")),
      ("until", {"func": "main"}), ("advance LINE:loop", {"line": "loop", "=": {"i": "8"}}),
      "set exec-direction forward", ("advance LINE:deep", at("deep"))]),
    ("next out of a function", "straight",
     ["goto begin", "break LINE:add if n == 9", "continue", "delete", "next", "next",
      ("next", {"func": "main", "=": {}})]),

    # Watchpoints.
    ("watch backwards", "straight",
     ["goto end", "watch total", ("reverse-continue", {"reason": WATCH, "old": "1", "new": "285",
                                                       "line": "one"}),
      ("reverse-continue", at("add", WATCH, n="9", total="204"))]),
    ("watch forwards", "straight",
     ["goto begin", "break main", "continue", "delete", "watch total",
      ("continue", {"reason": WATCH, "old": "0", "new": "1", "=": {"n": "1"}}),
      ("continue", {"reason": WATCH, "old": "1", "new": "5", "=": {"n": "2"}})]),
    ("watch what never changes", "straight",
     ["goto end", "watch untouched", ("reverse-continue", {"reason": HISTORY})]),
    ("watch memory that a system call writes", "straight",
     ["goto end", "watch buffer[2]",
      ("reverse-continue", {"reason": WATCH, "old": "108 'l'", "new": "0 '\\\\000'"})]),
    ("watch memory that a system call writes, forwards", "straight",
     ["goto begin", "break LINE:deep", "continue", "delete", "watch buffer[4]",
      ("continue", {"reason": WATCH, "new": "111 'o'"})]),
    ("watch an unaligned variable", "straight",
     ["goto end", "watch odd.unaligned",
      ("reverse-continue", {"reason": WATCH, "old": "2", "new": "1"}),
      ("reverse-continue", {"reason": WATCH, "old": "1", "new": "0", "line": "odd"})]),
    ("watch something large", "straight",
     ["goto end", "watch large", ("reverse-continue", {"reason": WATCH, "line": "large"})]),
    ("watch what a repeated instruction writes", "straight",
     ["goto end", "watch filled[1234]",
      ("reverse-continue", {"reason": WATCH, "func": "fill", "line": "fill"})]),
    ("watch what a repeated instruction writes, forwards", "straight",
     ["goto begin", "break LINE:call", "continue", "delete", "watch filled[1234]",
      ("continue", {"reason": WATCH, "func": "fill"})]),
    ("four watchpoints", "straight",
     ["goto end", "watch total", "watch buffer[0]", "watch filled[0]", "watch untouched",
      ("reverse-continue", {"reason": WATCH, "line": "one"}),
      ("reverse-continue", {"reason": WATCH, "line": "fill"}),
      ("reverse-continue", {"reason": WATCH, "new": "0 '\\\\000'"}),
      ("reverse-continue", {"reason": WATCH, "func": "square"})]),
    ("an access watchpoint", "straight",
     ["goto begin", "break main", "continue", "delete", "awatch untouched",
      ("continue", {"reason": HISTORY})]),
    ("an access watchpoint on what is read and written", "straight",
     ["goto begin", "break LINE:deep", "continue", "delete", "awatch total",
      ("continue", {"reason": WATCH, "=": {"total": "1"}}), ("continue", {"reason": HISTORY}),
      ("reverse-continue", at("one", WATCH, total="285"))]),
    ("a read watchpoint forwards", "straight",
     ["goto begin", "break square", "continue", "delete", "rwatch total",
      ("continue", {"reason": WATCH, "func": "square", "line": "add", "=": {"n": "0"}})]),
    ("a read watchpoint backwards", "straight",
     ["goto end", "rwatch untouched", ("reverse-continue", {"reason": HISTORY}), "delete",
      "goto end", "rwatch total", ("reverse-continue", {"reason": WATCH, "line": "one"}),
      ("reverse-continue", {"reason": WATCH, "func": "square", "=": {"n": "9"}})]),

    # Watchpoints beyond the debug registers.
    ("watch a large array forwards", "wide",
     ["goto begin", "break main", "continue", "delete", "watch row",
      ("continue", {"reason": WATCH, "line": "second", "=": {"row[3]": "1", "row[39]": "0"}}),
      ("continue", {"reason": WATCH, "=": {"row[39]": "2"}}),
      ("continue", {"reason": WATCH, "=": {"row[10]": "858927408"}}),
      ("continue", {"reason": HISTORY})]),
    ("watch a large array backwards", "wide",
     ["goto end", "watch row",
      ("reverse-continue", {"reason": WATCH, "=": {"row[10]": "0", "row[39]": "2"}}),
      ("reverse-continue", {"reason": WATCH, "line": "second", "=": {"row[39]": "0"}}),
      ("reverse-continue", {"reason": WATCH, "line": "first", "=": {"row[3]": "0"}}),
      ("reverse-continue", {"reason": HISTORY})]),
    ("watch something large and unaligned", "wide",
     ["goto end", "watch odd.text",
      ("reverse-continue", {"reason": WATCH, "func": "copy", "line": "copy"}),
      ("reverse-continue", {"reason": WATCH, "line": "odd"}),
      ("reverse-continue", {"reason": HISTORY})]),
    ("six watchpoints", "wide",
     ["goto end"] + ["watch " + name for name in ("one", "two", "three", "four", "five", "six")]
     + [("reverse-continue", {"reason": WATCH, "line": "six", "=": {"five": "5", "six": "0"}}),
        ("reverse-continue", {"reason": WATCH, "line": "five", "=": {"five": "0"}})]
     + [("reverse-continue", {"reason": WATCH, "=": {name: "0"}})
        for name in ("four", "three", "two", "one")]
     + [("reverse-continue", {"reason": HISTORY})]
     + [("continue", {"reason": WATCH, "=": {name: value}})
        for name, value in (("one", "1"), ("two", "2"), ("three", "3"), ("four", "4"),
                            ("five", "5"), ("six", "6"))]),
    ("watch pages whose protection changes", "wide",
     ["goto begin", "break LINE:mapped", "continue", "delete", "watch *(char(*)[200])(page + 4000)",
      ("continue", {"reason": WATCH, "line": "readonly", "=": {"page[4090]": "97 'a'"}}),
      ("continue", {"reason": WATCH, "=": {"page[4095]": "118 'v'"}}),
      ("continue", {"reason": WATCH, "line": "common", "=": {"page[4100]": "98 'b'"}}),
      ("continue", {"reason": HISTORY})]),
    ("watch shared pages", "wide",
     ["goto begin", "break LINE:common", "continue", "delete", "watch *(char(*)[200])common",
      ("continue", {"reason": WATCH, "=": {"common[60]": "99 'c'"}}),
      ("continue", {"reason": WATCH, "=": {"common[71]": "104 'h'"}}),
      ("continue", {"reason": HISTORY}),
      ("reverse-continue", {"reason": WATCH, "=": {"common[71]": "0 '\\\\000'"}}),
      ("reverse-continue", {"reason": WATCH, "line": "common", "=": {}})]),
    ("watch a large array on the stack", "wide",
     ["goto begin", "break LINE:ready", "continue", "delete", "watch -l values",
      ("continue", {"reason": WATCH, "func": "on_stack", "=": {"values[41]": "88500"}})]),
    ("a breakpoint, steps and a large watchpoint", "wide",
     ["goto end", "watch row", "break LINE:second", ("reverse-continue", {"reason": WATCH}),
      ("reverse-continue", {"reason": WATCH, "line": "second"}),
      "goto begin", ("continue", {"reason": WATCH, "=": {"row[3]": "1"}}),
      ("stepi", {"=": {"row[3]": "1"}}), ("continue", {"=": {"row[39]": "2"}})]),

    # Threads.
    ("back to the last hit of any thread", "threads",
     ["goto end", "break LINE:add", ("reverse-continue", at("add", HIT, shared="39"))]),
    ("a watchpoint of any thread", "threads",
     ["goto end", "watch shared", ("reverse-continue", {"reason": WATCH, "old": "40", "new": "39",
                                                        "line": "add", "=": {"shared": "39"}})]),
    ("each addition backwards", "threads",
     ["goto end", "watch shared"]
     + [("reverse-continue", {"reason": WATCH, "new": str(n), "=": {}}) for n in range(39, 19, -1)]),
    ("each addition forwards", "threads",
     ["goto begin", "break main", "continue", "delete", "watch shared"]
     + [("continue", {"reason": WATCH, "new": str(n), "=": {}}) for n in range(1, 21)]),
    ("by thread and turn", "threads",
     ["goto end", "break LINE:last if who == 1 && i == 7",
      ("reverse-continue", at("last", HIT, who="1", i="7")),
      ("reverse-next", at("add", STEP, who="1", i="7"))]),
    ("forwards and backwards between threads", "threads",
     ["goto begin", "break LINE:last if shared == 10", ("continue", at("last", HIT, shared="10")),
      "delete", "break LINE:last if shared == 9", ("reverse-continue", at("last", HIT, shared="9")),
      "delete", "break LINE:last if shared == 11", ("continue", at("last", HIT, shared="11"))]),

    ("reverse-finish in a thread", "threads",
     ["goto end", "break LINE:add", "reverse-continue", "delete",
      ("reverse-finish", {"func": "work", "=": {}}), ("reverse-next", {"func": "work", "=": {}})]),

    # Signals.
    ("back from the crash", "signals",
     [("goto failure-or-end", {"=": {"before": "3"}}), "watch before",
      ("reverse-continue", {"reason": WATCH, "old": "3", "new": "2", "line": "after"})]),
    ("across a handler", "signals",
     ["goto end", "handle all nostop noprint pass", "watch handled",
      ("reverse-continue", {"reason": WATCH, "line": "handler", "=": {"before": "2"}}),
      ("reverse-continue", {"reason": WATCH, "line": "handler", "=": {"before": "1"}})]),
    ("signals stop backwards", "signals",
     ["goto end", "handle SIGUSR1 nostop noprint pass", "handle SIGUSR2 stop print",
      ("reverse-continue", {"reason": "signal-received", "signal-name": "SIGUSR2"}),
      ("reverse-continue", {"reason": HISTORY})]),
    ("a signal stops backwards again", "signals",
     ["goto end", "handle SIGUSR1 nostop noprint pass", "handle SIGUSR2 stop print",
      ("reverse-continue", {"reason": "signal-received", "signal-name": "SIGUSR2"}),
      ("stepi", {"func": "handler"}),
      ("reverse-continue", {"reason": "signal-received", "signal-name": "SIGUSR2"}),
      "reverse-stepi", ("continue", {"reason": "signal-received", "signal-name": "SIGUSR2"})]),
    ("a breakpoint in a handler", "signals",
     ["goto end", "handle all nostop noprint pass", "break handler",
      ("reverse-continue", {"reason": HIT, "func": "handler", "=": {"before": "2"}}),
      ("reverse-finish", {"=": {"before": "2", "handled": "1"}}),
      ("reverse-continue", {"reason": HIT, "func": "handler", "=": {"before": "1"}})]),
    ("forward to the crash", "signals",
     ["goto begin", "handle SIGUSR1 SIGUSR2 nostop noprint pass",
      ("continue", {"reason": "signal-received", "signal-name": "SIGSEGV", "line": "crash"})]),

    # Processes.
    ("a fork's child writes elsewhere", "forks",
     ["goto end", "goto begin", "break LINE:before", ("continue", at("before", HIT)), "delete",
      "watch own", ("continue", {"reason": WATCH, "old": "1", "new": "11"})]),
    ("shared memory of a child", "forks",
     ["goto begin", "break LINE:waited", ("continue", at("waited", HIT, own="1")),
      ("print *common", {"=": {"*common": "2"}}),
      "break LINE:before", ("reverse-continue", at("before", HIT)),
      ("continue", at("waited", HIT)), ("print", {"=": {"*common": "2"}})]),

    ("across exec, forwards and backwards", "forks",
     ["goto begin", "break LINE:shared", "break LINE:again", ("continue", at("shared", HIT, own="11")),
      ("continue", at("again", HIT, own="0")), ("reverse-continue", at("shared", HIT, own="11")),
      ("continue", at("again", HIT, own="0")), ("continue", {"reason": HISTORY})]),

    # Ctrl-C.
    ("a run forwards is interrupted", "loops",
     ["goto begin", "break often if i == 123456",
      ("interrupted continue", {"reason": "signal-received", "signal-name": "SIGINT"}),
      ("continue", {"reason": HISTORY})]),
    ("a run backwards is interrupted", "loops",
     ["goto end", "break often if i == 123456",
      ("interrupted reverse-continue", {"reason": "signal-received", "signal-name": "SIGINT"}),
      ("reverse-continue", {"reason": HISTORY}), "delete", "break often if i == 7",
      ("continue", {"reason": HIT, "=": {"i": "7"}})]),

    # A hang.
    ("back from a hang", "hangs",
     ["goto end", "watch reached",
      ("reverse-continue", {"reason": WATCH, "old": "2", "new": "1", "line": "two"}),
      ("reverse-continue", {"reason": WATCH, "old": "1", "new": "0", "line": "one"})]),
    ("to where it hangs", "hangs",
     ["goto begin", "break LINE:hang", ("continue", at("hang", HIT, reached="2")),
      ("continue", {"reason": HISTORY})]),
]
