"""Formatters of the standard library's logging: for terminals, and for those of others."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from typing import IO, Any, Final, Literal

from telemetry_core.logging.lines import CONTEXT_FIELDS, filtered_record

ABSENT: Final = "-"
"""In a format string, the value of a field of the context that isn't known."""


def utc_time(created: float) -> str:
    """Return a time as RFC 3339 has it, in UTC: ``2026-01-31T12:00:00.123+00:00``."""
    return datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")


class FilteredFormatter(logging.Formatter):
    """A formatter that gets to see nothing personal. Put it in front of any other::

        class MyFormatter(FilteredFormatter, TheirFormatter): ...

    What it makes a line of is a new record, see `telemetry_core.logging.lines.filtered_record`; the
    one it was given, which other handlers see, too, stays as it is. Alone it formats as
    `logging.Formatter` does. In a format string the fields of the context can be named:
    ``"%(levelname)s %(session_id)s %(message)s"``; one that isn't known is ``-``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        new = filtered_record(record)
        for name in CONTEXT_FIELDS:
            new.__dict__.setdefault(name, ABSENT)
        return super().format(new)


_COLOURS: Final = {
    logging.DEBUG: "2",
    logging.INFO: "32",
    logging.WARNING: "33",
    logging.ERROR: "31",
    logging.CRITICAL: "1;31",
}
# Fields that are the same on every line of a process, or say too little to people.
_UNSHOWN: Final = frozenset(("environment", "release", "span_id"))
_SHOWN_ID: Final = 8
"""Characters of an id that are shown. Enough to see what belongs together, and to search for."""


class ReadableFormatter(logging.Formatter):
    """Lines for people at a terminal, with nothing personal in them.

    ::

        12:00:00 INFO    shop.orders  order 7 paid  [route=/checkout/ session_id=3f2a9c04 ...]

    Times are local. Of ids the first eight characters are shown; allowed fields of ``extra`` and of
    `telemetry_context` stand with them. Exceptions follow on their own lines. The record is not
    changed, see `FilteredFormatter`.

    :param colours: ``True``, ``False``, or ``"auto"``: when standard error is a terminal and
        neither ``NO_COLOR`` (https://no-color.org) nor ``TERM=dumb`` is set.
    :param stream: what is asked whether it is a terminal.
    """

    def __init__(
        self, *, colours: bool | Literal["auto"] = "auto", stream: IO[str] | None = None
    ) -> None:
        super().__init__()
        stream = stream or sys.stderr
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self._colours = (stream.isatty() and not plain) if colours == "auto" else colours

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the lines of its exception and stack."""
        new = filtered_record(record)
        time = self.formatTime(new, "%H:%M:%S")
        level = self._painted(f"{new.levelname:<7}", _COLOURS.get(new.levelno, "0"))
        line = f"{time} {level} {new.name}  {new.getMessage()}"
        fields = " ".join(
            f"{name}={_shown(name, value)}" for name, value in sorted(_fields_beside(new).items())
        )
        if fields:
            line += self._painted(f"  [{fields}]", "2")
        return "\n".join(filter(None, (line, new.exc_text, new.stack_info)))

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"taskName"}


def _fields_beside(record: logging.LogRecord) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and name not in _UNSHOWN
    }


def _shown(name: str, value: object) -> str:
    text = str(value)
    return text[:_SHOWN_ID] if name in ("session_id", "trace_id") else text
