"""The exit codes of every verb, in one list."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of ``telemetry`` says. The help of a verb tells which it can give."""

    OK = 0, "done, and nothing is wrong"
    FOUND = 1, "done, and what it looks for is there: a leak, a difference, a problem"
    USAGE = 2, "the command line is wrong"
    APPLICATION = 3, "the application can't be loaded, or its settings are wrong"
    NOT_INSTALLED = 4, "click or rich is missing: pip install 'telemetry-core[cli]'"
    IMPOSSIBLE = 5, "it can't be done here: a file can't be read, a port is taken"
    INTERRUPTED = 130, "stopped by Ctrl-C"
    PIPE_CLOSED = 141, "whoever read the output has gone away"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Exit:
        """Make a member of a code and its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member
