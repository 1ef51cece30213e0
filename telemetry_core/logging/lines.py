"""Log lines with nothing personal in them: a new record in place of each, made of what may be said.

A record is shared: other handlers see it, and sentry-sdk makes breadcrumbs and events of it. So
none is ever changed; what is filtered is a new one.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from telemetry_core.context import bound_values, current_bound
from telemetry_core.filter.text import FILTERED
from telemetry_core.process import telemetry_config_of
from telemetry_core.request import current_request
from telemetry_core.session import get_session_manager
from telemetry_core.trace import trace_here

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.request import Request

WITHHELD: Final = "[unfiltered text withheld]"
"""What a line says whose text could not be filtered."""

CONTEXT_FIELDS: Final = (
    "session_id",
    "route",
    "trace_id",
    "span_id",
    "release",
    "environment",
    "operation",
)
"""What is added to each line, as far as it is known where the line is logged."""

_STANDARD: Final = frozenset((*vars(logging.makeLogRecord({})), "taskName"))
"""The attributes that every record has; ``taskName`` from Python 3.12 on."""
_BARE: Final = len(vars(logging.makeLogRecord({})))
_NOT_EXTRA: Final = _STANDARD | {"asctime", "message"}

_NUMBERS: Final = ("created", "levelno", "lineno", "msecs", "process", "relativeCreated", "thread")
_PLACE: Final = ("filename", "funcName", "module")
_WORKERS: Final = ("processName", "taskName", "threadName")
_ORDINARY: Final = frozenset(
    ("CRITICAL", "DEBUG", "ERROR", "INFO", "WARNING", "MainProcess", "MainThread")
)
"""Names that are made of nothing, as those of modules are."""

_SMALL: Final = 100_000
"""Numbers below are nobody's: no detector finds them, and no `KnownValues` looks for them."""

_traceback = logging.Formatter().formatException


class Line(NamedTuple):
    """What may be said of a record."""

    message: str | dict[str, Any]
    """The message with its arguments in it; where a mapping was logged, its allowed keys."""
    fields: dict[str, Any]
    """`CONTEXT_FIELDS` as far as they are known, what is bound, and allowed fields of ``extra``."""
    logger: str = ""
    level: str = ""
    exception: str | None = None
    stack: str | None = None
    known: KnownValues | None = None
    """What is known from the request, and not in the line."""


def filtered_line(record: logging.LogRecord) -> Line:
    """Return what may be said of a record, with what is known of the context it is logged in.

    Never raises: of a record that can't be filtered the message is `WITHHELD`, and the field
    ``error`` tells why, in no word of the record's.
    """
    request = current_request()
    config = telemetry_config_of(request)
    try:
        return reader_of(config).line(record, request)
    except Exception as error:
        fault = fault_of(error)
        name = filtered_name(record.name)
        detail = f"{filtered_name(record.levelname)} of {name} at {place_of(record)}: {fault}"
        config.drops.count("log_error", "line", error=error, detail=detail)
        return Line(WITHHELD, {"error": fault}, name, filtered_name(record.levelname))


class Unwritable(Exception):
    """What was logged can't be written, for the exception that is its cause."""


def fault_of(error: Exception) -> str:
    """Say why a line is withheld: the type of what was raised, and whose fault it is."""
    cause = error.__cause__ if isinstance(error, Unwritable) else None
    if cause is None:
        return f"{filtered_name(type(error).__name__)} while it was filtered"
    return f"{filtered_name(type(cause).__name__)} by its own message or arguments"


def place_of(record: logging.LogRecord) -> str:
    """Return where a line was logged: ``views.py:12 in pay``."""
    return filtered_name(f"{record.filename}:{record.lineno} in {record.funcName}")


def filtered_name(name: object) -> str:
    """Return the filtered name of a place in code, or of a type; of anything else none."""
    return reader_of(telemetry_config_of(current_request())).name(name, None)


def filtered_record(record: logging.LogRecord) -> logging.LogRecord:
    """Return a new record of what may be said of one, for formatters that expect one.

    Its message is the filtered one with no arguments left, its exception filtered text in
    ``exc_text``, its paths are file names. What is in `Line.fields` are attributes. Never raises.
    """
    line = filtered_line(record)
    new = logging.LogRecord.__new__(logging.LogRecord)
    attributes = new.__dict__
    attributes.update(line.fields)
    for field in _NUMBERS:
        value = getattr(record, field, None)
        attributes[field] = value if type(value) in (int, float) else 0
    for field in _PLACE:
        attributes[field] = filtered_name(getattr(record, field, None))
    reader = reader_of(telemetry_config_of(current_request()))
    for field in _WORKERS:
        attributes[field] = reader.name(getattr(record, field, None), line.known)
    attributes["name"], attributes["levelname"] = line.logger, line.level
    attributes["pathname"] = attributes["filename"]
    attributes["msg"] = line.message
    attributes["args"] = attributes["exc_info"] = None
    attributes["exc_text"] = line.exception
    attributes["stack_info"] = line.stack
    return new


class Reader:
    """Reads what is logged, with one application's filter.

    What is asked of the request is asked where the line is logged: use it in the same context.
    """

    __slots__ = ("_clean", "_constant", "config", "policy")

    def __init__(self, config: TelemetryConfig) -> None:
        self.config = config
        self.policy = config.filter.policy
        self._clean = self.policy.texts.clean
        self._constant: dict[str, Any] = {"environment": config.settings.environment}
        if config.settings.release:
            self._constant["release"] = config.settings.release

    def line(self, record: logging.LogRecord, request: Request | None) -> Line:
        """Return what may be said of a record.

        :raises Exception: whatever what was logged raises while it is read.
        """
        given = record.__dict__
        known = request.known() if request is not None else None
        fields = self.context(request)
        extra = given.keys() - _NOT_EXTRA if len(given) != _BARE else ()
        if extra or current_bound() is not None:
            added: dict[Any, object] = {**bound_values(), **{key: given[key] for key in extra}}
            fields = {**self.values(added, known), **fields}
        message: str | dict[str, Any]
        if isinstance(record.msg, dict) and not record.args:
            message = self.values(record.msg, known)
        else:
            message = self.text(_message(record), known)
        exception = stack = None
        if record.exc_info or record.exc_text:
            exception = self.text(_exception_text(record), known) or None
        if record.stack_info:
            stack = self.text(record.stack_info, known)
        name, level = self.name(record.name, known), self.name(record.levelname, known)
        return Line(message, fields, name, level, exception, stack, known)

    def text(self, text: str, known: KnownValues | None) -> str:
        """Return a filtered message, traceback or stack."""
        return self.policy.apply_to_message(text, known=known)

    def name(self, name: object, known: KnownValues | None) -> str:
        """Return the filtered name of a logger, a level or a thread; of anything else none."""
        if type(name) is not str:
            return ""
        if name in _ORDINARY:
            return name
        if known is not None and name not in sys.modules:
            name = known.filter(name)
        return name if name in self._clean else self.policy.texts.filter(name)

    def word(self, value: object) -> object:
        """Return a filtered name, number or time; of anything else only that it was there."""
        if type(value) is str:
            return value if value in self._clean else self.policy.texts.filter(value)
        return value if type(value) in (int, float, bool) or value is None else FILTERED

    def values(self, values: Mapping[Any, object], known: KnownValues | None) -> dict[str, Any]:
        """Return the allowed ones of values under their names, filtered."""
        if all(self._is_plain(name, value, known) for name, value in values.items()):
            return dict(values)
        return self.policy.apply_to_part("extra", values, known=known) or {}

    def _is_plain(self, name: object, value: object, known: KnownValues | None) -> bool:
        """Tell whether a value is known to be kept as it is, as those of a boundary are."""
        keys = self.policy.keys
        if type(name) is not str or name not in keys.named or not keys.allows(name):
            return False
        if type(value) is str:
            return value in self._clean and (known is None or known.filter(value) == value)
        return type(value) is bool or (type(value) is int and abs(value) < _SMALL)

    def context(self, request: Request | None) -> dict[str, Any]:
        """Return what is known where a line is logged: of `CONTEXT_FIELDS` those that are."""
        found: dict[str, Any] = {}
        if request is not None:
            session_id = request.session_id
            route = request.route()
            if route is not None:
                found["route"] = route
        else:
            session_id = get_session_manager().session_id
        if session_id is not None:
            found["session_id"] = session_id
        if self.config.active:
            trace_id, span_id = trace_here()
            if trace_id is not None:
                found["trace_id"] = trace_id
                found["span_id"] = span_id
        found.update(self._constant)
        return found


_reader: Reader | None = None


def reader_of(config: TelemetryConfig) -> Reader:
    """Return the reader of an application's lines; there is seldom more than one application."""
    global _reader  # noqa: PLW0603  # threads that make it at the same time make the same
    reader = _reader
    if reader is None or reader.config is not config:
        reader = _reader = Reader(config)
    return reader


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:
        raise Unwritable from error


def _exception_text(record: logging.LogRecord) -> str:
    # Not the text that an earlier formatter may have left, if there is the exception itself.
    if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        return _traceback(record.exc_info)
    return record.exc_text or ""
