"""Formatters of the standard library's logging: JSON for machines, words for people."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any, Final, Literal

from telemetry_core.filter.text import FILTERED
from telemetry_core.logging.lines import (
    CONTEXT_FIELDS,
    WITHHELD,
    filtered_line,
    filtered_record,
    place_of,
)

ABSENT: Final = "-"
"""In a format string, the value of a field of the context that isn't known."""

_second: tuple[int, str] = (0, "")


def utc_time(created: float) -> str:
    """Return a time in UTC as RFC 3339 has it: ``2026-01-31T12:00:00.123Z``."""
    global _second  # noqa: PLW0603  # lines come many a second
    number = int(created)
    known = _second
    if known[0] != number:
        known = _second = number, datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{known[1]}.{int((created - number) * 1000):03d}Z"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with nothing personal in it.

    ::

        {"timestamp": "2026-01-31T12:00:00.123Z", "level": "INFO", "logger": "shop.orders",
         "message": "order 7 paid", "session_id": "3f2a...", "route": "/checkout/", ...}

    Fields: those four; ``session_id``, ``route``, ``trace_id``, ``span_id``, ``release``,
    ``environment`` and ``operation`` as far as they are known; what `telemetry_context` has bound;
    the allowed fields of ``extra``, others as ``[Filtered]``; ``exception`` and ``stack`` as text.
    Of a mapping that is logged in place of a message, its allowed keys are fields. The text is
    ASCII, whatever the stream's encoding.

    Promises never to raise, never to change the record, and never to lose a line: what can't be
    filtered is withheld, see `telemetry_core.logging.lines.WITHHELD`, with ``place`` and ``error``
    instead.
    """

    def __init__(self) -> None:
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message, fields, logger, level, exception, stack, _ = filtered_line(record)
        line: dict[str, Any] = {
            "timestamp": utc_time(record.created),
            "level": level,
            "logger": logger,
        }
        if isinstance(message, str):
            line["message"] = message
        else:
            fields = {**message, **fields}
        if message is WITHHELD:
            line["place"] = place_of(record)
        if line.keys().isdisjoint(fields):
            line.update(fields)
        else:
            line = {**fields, **line}
        if exception is not None:
            line["exception"] = exception
        if stack is not None:
            line["stack"] = stack
        return _encode(line)


_make_encoder: Final[Any] = getattr(json.encoder, "c_make_encoder", None)


def json_encoder(make: Any = _make_encoder) -> Callable[[object], str]:
    """Return the ``encode`` of the standard library's encoder, without what it does each time.

    It makes the one in C anew for each text, which takes as long as a short text does.

    :param make: makes that. It has no documented name; where it is missing, or takes other
        parameters, each text costs the more.
    """
    encoder = json.JSONEncoder(default=lambda _: FILTERED)
    separators = encoder.key_separator, encoder.item_separator
    quoted = json.encoder.encode_basestring_ascii
    try:
        chunks_of = make(None, encoder.default, quoted, None, *separators, False, False, True)
    except TypeError:
        return encoder.encode
    return lambda line: "".join(chunks_of(line, 0))


_encode: Final = json_encoder()


class FilteredFormatter(logging.Formatter):
    """A formatter that gets to see nothing personal, to be put in front of any other.

    ::

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
"""Characters of an id that are shown: enough to see what belongs together, and to search for."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class ReadableFormatter(logging.Formatter):
    """Lines for people at a terminal, with nothing personal in them.

    ::

        12:00:00 INFO    shop.orders  order 7 paid  [route=/checkout/ session_id=3f2a9c04 ...]

    Times are local. Of ids the first eight characters are shown; allowed fields of ``extra`` and
    what `telemetry_context` has bound stand with them. Exceptions follow on their own lines.
    Characters that could control the terminal are shown as escapes.

    Promises what `JsonFormatter` does.

    :param colours: ``True``, ``False``, or ``"auto"``: when the stream is a terminal and neither
        ``NO_COLOR`` (https://no-color.org) nor ``TERM=dumb`` is set.
    :param stream: what is asked whether it is a terminal; standard error if not given.
    """

    def __init__(
        self, *, colours: bool | Literal["auto"] = "auto", stream: IO[str] | None = None
    ) -> None:
        super().__init__()
        if colours == "auto":
            plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
            colours = (stream or sys.stderr).isatty() and not plain
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the lines of its exception and stack."""
        message, fields, logger, level, exception, stack, _ = filtered_line(record)
        if message is WITHHELD:
            fields["place"] = place_of(record)
        shown = " ".join(
            f"{name}={_short(name, value)}"
            for name, value in sorted(fields.items())
            if name not in _UNSHOWN
        )
        text = "\n".join(filter(None, (f"{logger}  {message}", exception, stack)))
        first, newline, rest = _CONTROL.sub(_escape, text).partition("\n")
        time = self.formatTime(record, "%H:%M:%S")
        shown_level = self._painted(f"{level:<7}", _COLOURS.get(record.levelno, "0"))
        beside = self._painted(f"  [{_CONTROL.sub(_escape, shown)}]", "2") if shown else ""
        return f"{time} {shown_level} {first}{beside}{newline}{rest}"

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _escape(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]


def _short(name: str, value: object) -> str:
    text = str(value)
    return text[:_SHOWN_ID] if name in ("session_id", "trace_id") else text
