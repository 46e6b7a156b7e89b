class _TtracePrefix(gdb.Command):
    """Commands for the recording that is being replayed."""

    def __init__(self):
        super().__init__("ttrace", gdb.COMMAND_RUNNING, prefix=True)


class _TtraceMonitor(gdb.Command):
    """Shows what the server says to a monitor command of the same name."""

    def __init__(self, name, doc):
        self.name = name
        self.__doc__ = doc
        super().__init__("ttrace " + name, gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        gdb.write(_ttrace_monitor(self.name + " " + argument))


class _TtraceGoto(gdb.Command):
    """Goes to an event: ttrace goto EVENT|begin|end|failure|MARK. MARK: text that `ttrace marks` shows
of one, as FILE:LINE; the next such mark."""

    def __init__(self, name="ttrace goto"):
        super().__init__(name, gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        _ttrace_goto(argument)
        if argument.strip() == "failure":
            session = _ttrace_session()
            _ttrace_to_failure(session)
            _ttrace_show_place(session)
        else:
            gdb.write(_ttrace_monitor("when"))
            gdb.execute("frame")


class _TtraceRun(_TtraceGoto):
    """Goes to an event, as ttrace goto; without one to the begin: run [EVENT]"""

    def __init__(self):
        super().__init__("run")

    def invoke(self, argument, from_tty):
        super().invoke(argument or "begin", from_tty)


class _TtraceDrop(gdb.Command):
    """Forgets what was changed or called here: the recording is shown as it was."""

    def __init__(self):
        super().__init__("ttrace drop", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        _ttrace_monitor("drop")
        _ttrace_forget_caches()


_TtracePrefix()
_TtraceDrop()
_TtraceMonitor("when", "Shows the present event, thread and test case.")
for _name, _doc in (
        ("marks", "Lists what the test framework said, with its event: ttrace marks [--json]"),
        ("events", "Lists events: ttrace events [FROM [TO]] [--json]"),
        ("output", "Lists what was written to standard output and error, with its event."),
        ("threads", "Lists the threads, and which of them ran when."),
        ("processes", "Shows the processes as a tree, and how each of them ended.")):
    _TtraceMonitor(_name, _doc)
_TtraceGoto()
_TtraceRun()


class _When(gdb.Command):
    """Shows the present event, thread and test case."""

    def __init__(self):
        super().__init__("when", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        gdb.write(_ttrace_monitor("when " + argument))


_When()
