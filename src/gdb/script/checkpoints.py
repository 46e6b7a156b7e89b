# gdb's own `checkpoint` forks the program, which it cannot do here, and need not: a place can be gone to
# again at any time. The commands keep their names.


class _TtraceCheckpoints:
    """The places that the user keeps, by number."""

    def __init__(self):
        self.places = {}
        self.last = 0

    def add(self):
        place = json.loads(_ttrace_monitor("when --json"))
        self.last += 1
        self.places[self.last] = (_ttrace_spelled(place), place["thread"],
                                  _ttrace_frame_text(_ttrace_describe_frame(gdb.newest_frame())))
        return self.last

    def numbered(self, argument):
        try:
            number = int(argument)
        except ValueError:
            raise gdb.GdbError("the number of a checkpoint is missing; info checkpoints lists them") from None
        if number not in self.places:
            raise gdb.GdbError("there is no checkpoint %d; info checkpoints lists them" % number)
        return number

    def text(self, number):
        place, thread, frame = self.places[number]
        return "%d: event %s, thread %d: %s\n" % (number, place, thread, frame)


_ttrace_checkpoints = _TtraceCheckpoints()


def _ttrace_spelled(place):
    """As `goto` takes it."""
    if place["ticks"] is None:
        return str(place["event"])
    return "%d+%d+%d" % (place["event"], place["ticks"], place["steps"])


class _TtraceCheckpoint(gdb.Command):
    """Keeps the present place; restart N goes back to it."""

    def __init__(self):
        super().__init__("checkpoint", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.write("Checkpoint " + _ttrace_checkpoints.text(_ttrace_checkpoints.add()))


class _TtraceInfoCheckpoints(gdb.Command):
    """Lists the places that were kept with checkpoint."""

    def __init__(self):
        super().__init__("info checkpoints", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for number in sorted(_ttrace_checkpoints.places):
            gdb.write(_ttrace_checkpoints.text(number))
        if not _ttrace_checkpoints.places:
            gdb.write("No checkpoints.\n")


class _TtraceRestart(gdb.Command):
    """Goes to a place that was kept with checkpoint: restart N"""

    def __init__(self):
        super().__init__("restart", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        number = _ttrace_checkpoints.numbered(argument)
        _ttrace_goto(_ttrace_checkpoints.places[number][0])
        gdb.execute("frame")


class _TtraceDeleteCheckpoint(gdb.Command):
    """Forgets a place that was kept with checkpoint: delete checkpoint N"""

    def __init__(self):
        super().__init__("delete checkpoint", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        del _ttrace_checkpoints.places[_ttrace_checkpoints.numbered(argument)]


_TtraceCheckpoint()
_TtraceInfoCheckpoints()
_TtraceRestart()
_TtraceDeleteCheckpoint()
