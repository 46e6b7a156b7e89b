# Questions that need the whole recording: who wrote, who called. Each goes where it must, collects,
# and comes back.


class _TtraceExcursion:
    """A way through the recording that ends where it began, with the user's breakpoints off."""

    def __enter__(self):
        self.place = _ttrace_place()
        self.thread = gdb.selected_thread()
        self.disabled = [b for b in gdb.breakpoints() or () if b.enabled]
        for breakpoint in self.disabled:
            breakpoint.enabled = False
        return self

    def __exit__(self, *unused):
        _ttrace_go(_ttrace_spelled(self.place))
        if self.thread is not None and self.thread.is_valid():
            self.thread.switch()
        for breakpoint in self.disabled:
            if breakpoint.is_valid():
                breakpoint.enabled = True


def _ttrace_place():
    return json.loads(_ttrace_monitor("when --json"))


def _ttrace_spelled(place):
    if place["ticks"] is None:
        return str(place["event"])
    return "%d+%d+%d" % (place["event"], place["ticks"], place["steps"])


def _ttrace_go(where):
    answer = _ttrace_monitor("goto " + where)
    if "next continue" not in answer:
        raise gdb.GdbError(answer.strip())
    _ttrace_continue()


def _ttrace_describe_frame(frame):
    sal = frame.find_sal()
    return {"pc": "0x%x" % frame.pc(), "function": frame.name(),
            "file": sal.symtab.filename if sal.symtab is not None else None,
            "line": sal.line if sal.symtab is not None else None}


def _ttrace_hit():
    """Where the program stands now, as JSON has it."""
    place = _ttrace_place()
    thread = gdb.selected_thread()
    hit = {"event": place["event"], "ticks": place["ticks"], "steps": place["steps"],
           "time_us": place["time_us"], "thread": thread.ptid[1]}
    hit.update(_ttrace_describe_frame(gdb.newest_frame()))
    return hit


def _ttrace_frame_text(frame):
    text = "%s in %s" % (frame["pc"], frame["function"] or "??")
    if frame["file"]:
        text += " at %s:%d" % (frame["file"], frame["line"])
    return text


def _ttrace_hit_text(hit):
    return "event %d, thread %d: %s" % (hit["event"], hit["thread"], _ttrace_frame_text(hit))


class _TtraceWatch(gdb.Breakpoint):
    """Sees writes that change [address, address + length)."""

    def __init__(self, address, length, keeps_going, found):
        super().__init__("*(unsigned char(*)[%d])0x%x" % (length, address), gdb.BP_WATCHPOINT,
                         gdb.WP_WRITE, internal=True)
        self.silent = True
        self.keeps_going = keeps_going
        self.found = found

    def stop(self):
        self.found()
        return not self.keeps_going


class _TtraceCalls(gdb.Breakpoint):
    """Sees calls of a function."""

    def __init__(self, function, found):
        super().__init__(function, internal=True)
        self.silent = True
        self.found = found

    def stop(self):
        self.found()
        return False


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


def _ttrace_to_end():
    """Runs to the end of history, signals notwithstanding."""
    before = None
    place = _ttrace_place()
    while place != before and place["event"] < place["end"]:
        with _TtraceQuiet():
            gdb.execute("continue", to_string=True)
        before, place = place, _ttrace_place()


def _ttrace_case_begin():
    session = _ttrace_place()
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
        answer = []
        value = _ttrace_value_at(address, length, value_type)
        with _TtraceExcursion():
            def found():
                answer.append(None)
            watch = _TtraceWatch(address, length, False, found)
            try:
                before = None
                while not answer:
                    place = _ttrace_place()
                    if place == before:
                        break  # at the begin of history
                    before = place
                    with _TtraceQuiet():
                        gdb.execute("reverse-continue", to_string=True)
                if answer:
                    answer[0] = _ttrace_hit()
                    answer[0]["old"] = _ttrace_value_at(address, length, value_type)
                    answer[0]["new"] = value
                    answer[0]["backtrace"] = [_ttrace_describe_frame(frame)
                                              for frame in _ttrace_frames()]
            finally:
                watch.delete()
        hit = answer[0] if answer else None
        if wants_json:
            gdb.write(json.dumps(hit) + "\n")
        elif hit is None:
            gdb.write("nothing changed it before here, in this history\n")
        else:
            gdb.write("%s\n  %s -> %s\n" % (_ttrace_hit_text(hit), hit["old"], hit["new"]))
            for number, frame in enumerate(hit["backtrace"]):
                gdb.write("  #%d %s\n" % (number, _ttrace_frame_text(frame)))


class _TtraceCollect(gdb.Command):
    """What happened again and again in the case: goes through it once, from its begin."""

    def collect(self, make):
        hits = []
        with _TtraceExcursion():
            _ttrace_go(_ttrace_case_begin())
            probe = make(hits)
            try:
                _ttrace_to_end()
            finally:
                probe.delete()
        return hits


class _TtraceWrites(_TtraceCollect):
    """Lists who changed memory in the case: ttrace writes EXPR|ADDRESS [LENGTH] [--json]"""

    def __init__(self):
        super().__init__("ttrace writes", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments, wants_json = _ttrace_options(argument)
        address, length, value_type = _ttrace_range(arguments)

        def make(hits):
            def found():
                hits.append(dict(_ttrace_hit(), new=_ttrace_value_at(address, length, value_type)))
            return _TtraceWatch(address, length, True, found)

        hits = self.collect(make)
        if wants_json:
            gdb.write(json.dumps(hits) + "\n")
            return
        for hit in hits:
            gdb.write("%s  = %s\n" % (_ttrace_hit_text(hit), hit["new"]))
        if not hits:
            gdb.write("nothing changed it in the case\n")


class _TtraceCallsCommand(_TtraceCollect):
    """Lists the calls of a function in the case: ttrace calls FUNCTION [--json]"""

    def __init__(self):
        super().__init__("ttrace calls", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments, wants_json = _ttrace_options(argument)
        if not arguments:
            raise gdb.GdbError("the function is missing")

        def make(hits):
            def found():
                frame = gdb.newest_frame()
                given = {}
                try:
                    for symbol in frame.block():
                        if symbol.is_argument:
                            given[symbol.print_name] = str(symbol.value(frame))
                except RuntimeError:
                    pass  # no debug information
                hits.append(dict(_ttrace_hit(), arguments=given))
            return _TtraceCalls(" ".join(arguments), found)

        hits = self.collect(make)
        if wants_json:
            gdb.write(json.dumps(hits) + "\n")
            return
        for hit in hits:
            given = ", ".join("%s=%s" % pair for pair in hit["arguments"].items())
            gdb.write("%s (%s)\n" % (_ttrace_hit_text(hit), given))
        if not hits:
            gdb.write("it was not called in the case\n")


_TtraceLastWrite()
_TtraceWrites()
_TtraceCallsCommand()
