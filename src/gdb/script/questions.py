# Questions that need the whole recording: who wrote, who called. Each looks where it must and
# collects; the session stays where it is.


class _TtraceExcursion:
    """A way through the recording on which gdb sees no run of the program: the server shows it the
    registers and the memory of other places, and at the end those of the present one again."""

    def __enter__(self):
        frame = gdb.selected_frame()
        self.level = frame.level()
        self.go("begin")
        return self

    def __exit__(self, *unused):
        _ttrace_monitor("excursion end")
        _ttrace_forget_caches()
        frame = gdb.newest_frame()
        for _ in range(self.level):
            frame = frame.older()
        frame.select()

    def go(self, where):
        """The place where it then stands; None if there is no such place."""
        answer = _ttrace_monitor("excursion " + where)
        _ttrace_forget_caches()
        try:
            return json.loads(answer)
        except ValueError:
            raise gdb.GdbError(answer.strip()) from None


def _ttrace_describe_frame(frame):
    sal = frame.find_sal()
    return {"pc": "0x%x" % frame.pc(), "function": frame.name(),
            "file": sal.symtab.filename if sal.symtab is not None else None,
            "line": sal.line if sal.symtab is not None else None}


def _ttrace_hit(place):
    """Where an excursion stands, as JSON has it."""
    hit = {name: place[name] for name in ("event", "ticks", "steps", "time_us", "thread")}
    hit.update(_ttrace_describe_frame(gdb.newest_frame()))
    return hit


def _ttrace_frame_text(frame):
    text = "%s in %s" % (frame["pc"], frame["function"] or "??")
    if frame["file"]:
        text += " at %s:%d" % (frame["file"], frame["line"])
    return text


def _ttrace_hit_text(hit):
    return "event %d, thread %d: %s" % (hit["event"], hit["thread"], _ttrace_frame_text(hit))


def _ttrace_range(arguments):
    """EXPR or ADDRESS, and LENGTH, as (address, length, type or None)."""
    length = None
    if len(arguments) > 1 and re.fullmatch(r"\d+|0x[0-9a-fA-F]+", arguments[-1]):
        length = int(arguments[-1], 0)
        arguments = arguments[:-1]
    text = " ".join(arguments)
    if not text:
        raise gdb.GdbError("an expression or an address is missing")
    if re.fullmatch(r"\d+|0x[0-9a-fA-F]+", text):
        return int(text, 0), length or 8, None
    value = gdb.parse_and_eval(text)
    if value.address is None:
        raise gdb.GdbError(text + " has no address: it is in a register or computed")
    value_type = value.type
    if value_type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        value = value.referenced_value()
        value_type = value.type
    return int(value.address), length or value_type.sizeof, value_type if length is None else None


def _ttrace_value_at(address, length, value_type):
    if value_type is not None:
        return str(gdb.Value(address).cast(value_type.pointer()).dereference())
    return bytes(gdb.selected_inferior().read_memory(address, length)).hex()


def _ttrace_case_begin():
    session = _ttrace_session()
    for mark in json.loads(_ttrace_monitor("marks --json")):
        if mark["kind"] == "case_begin" and session["begin"] <= mark["event"] <= session["end"]:
            return str(mark["event"])
    return "begin"


def _ttrace_options(argument):
    words = gdb.string_to_argv(argument)
    return [word for word in words if word != "--json"], "--json" in words


class _TtraceLastWrite(gdb.Command):
    """Tells who changed memory last before here: ttrace last-write EXPR|ADDRESS [LENGTH] [--json]"""

    def __init__(self):
        super().__init__("ttrace last-write", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments, wants_json = _ttrace_options(argument)
        address, length, value_type = _ttrace_range(arguments)
        hit = None
        value = _ttrace_value_at(address, length, value_type)
        with _TtraceExcursion() as excursion:
            place = excursion.go("back %d %d" % (address, length))
            if place is not None:
                hit = _ttrace_hit(place)
                hit["old"] = _ttrace_value_at(address, length, value_type)
                hit["new"] = value
                hit["backtrace"] = [_ttrace_describe_frame(frame) for frame in _ttrace_frames()]
        if wants_json:
            gdb.write(json.dumps(hit) + "\n")
        elif hit is None:
            gdb.write("nothing changed it before here, in this history\n")
        else:
            gdb.write("%s\n  %s -> %s\n" % (_ttrace_hit_text(hit), hit["old"], hit["new"]))
            for number, frame in enumerate(hit["backtrace"]):
                gdb.write("  #%d %s\n" % (number, _ttrace_frame_text(frame)))


def _ttrace_collect(step, describe):
    """What describe(place) says at each place of the case that an excursion comes to by `step`."""
    hits = []
    with _TtraceExcursion() as excursion:
        excursion.go("begin " + _ttrace_case_begin())
        while True:
            place = excursion.go(step)
            if place is None:
                return hits
            hits.append(describe(place))


class _TtraceWrites(gdb.Command):
    """Lists who changed memory in the case: ttrace writes EXPR|ADDRESS [LENGTH] [--json]"""

    def __init__(self):
        super().__init__("ttrace writes", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments, wants_json = _ttrace_options(argument)
        address, length, value_type = _ttrace_range(arguments)

        def describe(place):
            return dict(_ttrace_hit(place), new=_ttrace_value_at(address, length, value_type))

        hits = _ttrace_collect("write %d %d" % (address, length), describe)
        if wants_json:
            gdb.write(json.dumps(hits) + "\n")
            return
        for hit in hits:
            gdb.write("%s  = %s\n" % (_ttrace_hit_text(hit), hit["new"]))
        if not hits:
            gdb.write("nothing changed it in the case, in this process\n")


def _ttrace_entries(function):
    """Where breakpoints on a function lie: behind the prologues."""
    breakpoint = gdb.Breakpoint(function, internal=True)
    try:
        return [location.address for location in breakpoint.locations if location.address]
    finally:
        breakpoint.delete()


class _TtraceCalls(gdb.Command):
    """Lists the calls of a function in the case: ttrace calls FUNCTION [--json]"""

    def __init__(self):
        super().__init__("ttrace calls", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments, wants_json = _ttrace_options(argument)
        if not arguments:
            raise gdb.GdbError("the function is missing")

        def describe(place):
            frame = gdb.newest_frame()
            given = {}
            try:
                for symbol in frame.block():
                    if symbol.is_argument:
                        given[symbol.print_name] = str(symbol.value(frame))
            except RuntimeError:
                pass  # no debug information
            return dict(_ttrace_hit(place), arguments=given)

        addresses = _ttrace_entries(" ".join(arguments))
        hits = _ttrace_collect("call " + " ".join(map(str, addresses)), describe)
        if wants_json:
            gdb.write(json.dumps(hits) + "\n")
            return
        for hit in hits:
            given = ", ".join("%s=%s" % pair for pair in hit["arguments"].items())
            gdb.write("%s (%s)\n" % (_ttrace_hit_text(hit), given))
        if not hits:
            gdb.write("it was not called in the case, in this process\n")


# Where glibc keeps the owner of a lock (src/query/blocked.cpp), by the kind of a wait.
_TTRACE_OWNERS = {"mutex": 8, "pi_mutex": 8, "rwlock": 24}


class _TtraceBlocked(gdb.Command):
    """Says what each thread waits for here, who holds it, and where that was taken."""

    def __init__(self):
        super().__init__("ttrace blocked", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        report = _ttrace_monitor("blocked " + argument + " --json")
        try:
            report = json.loads(report)
        except ValueError:
            raise gdb.GdbError(report.strip()) from None
        here = _ttrace_session()["process"]
        ours = {thread["thread"] for thread in report["threads"] if thread["process"] == here}
        for thread in report["threads"]:
            wait = thread["waits_for"]
            if wait is None or wait["holder"] is None or wait["kind"] not in _TTRACE_OWNERS:
                continue
            both_here = thread["thread"] in ours and wait["holder"] in ours
            wait["taken"] = self.taken(wait) if both_here else None
        if "--json" in argument:
            gdb.write(json.dumps(report) + "\n")
            return
        gdb.write(_ttrace_monitor("blocked"))
        for thread in report["threads"]:
            taken = (thread["waits_for"] or {}).get("taken")
            if taken is None:
                continue
            wait = thread["waits_for"]
            gdb.write("the %s at %s was taken by thread %d at event %d:\n" % (
                wait["kind"], wait["address"], wait["holder"], taken["event"]))
            for number, frame in enumerate(taken["backtrace"]):
                gdb.write("  #%d %s\n" % (number, _ttrace_frame_text(frame)))

    def taken(self, wait):
        """Where its holder became the owner: at the last change of that word."""
        owner = int(wait["address"], 16) + _TTRACE_OWNERS[wait["kind"]]
        with _TtraceExcursion() as excursion:
            place = excursion.go("back %d 4" % owner)
            if place is None or place["thread"] != wait["holder"]:
                return None
            hit = _ttrace_hit(place)
            hit["backtrace"] = [_ttrace_describe_frame(frame) for frame in _ttrace_frames()]
            return hit


_TtraceBlocked()
_TtraceLastWrite()
_TtraceWrites()
_TtraceCalls()
