"""Log lines with nothing personal in them: a new record in place of each, made of what may be said.

A record is shared: other handlers see it, and sentry-sdk makes breadcrumbs and events of it. So
none is ever changed; what is filtered is a new one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from telemetry_core.config import telemetry_config_of
from telemetry_core.context import bound_values, current_bound
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

STANDARD_FIELDS: Final = frozenset((*vars(logging.makeLogRecord({})), "taskName"))
"""The attributes that every record has. ``taskName`` is one from Python 3.12 on."""

_ADDED_BY_FORMATTERS: Final = frozenset(("asctime", "message"))
_NOT_EXTRA: Final = STANDARD_FIELDS | _ADDED_BY_FORMATTERS

MADE_FIELDS: Final = ("args", "exc_info", "exc_text", "msg", "stack_info")
"""Those of them that are always made anew."""
_NUMBERS: Final = ("created", "levelno", "lineno", "msecs", "process", "relativeCreated", "thread")
_NAMES: Final = (
    "filename",
    "funcName",
    "levelname",
    "module",
    "name",
    "processName",
    "taskName",
    "threadName",
)
_ALL: Final = (*_NUMBERS, *_NAMES, "pathname")

_traceback = logging.Formatter().formatException


def filtered_record(
    record: logging.LogRecord, fields: Iterable[str] = _ALL
) -> logging.LogRecord:
    """Return a new record of what may be said of one, with what is known of its context.

    Its message is the filtered one with no arguments left, its exception filtered text in
    ``exc_text``; what was given as ``extra`` is there under allowed names, other names hold
    ``[Filtered]``; paths are file names. `CONTEXT_FIELDS` are added, and what `telemetry_context`
    has bound. Values known from the request are taken out.

    Never raises, and never fails to return one: of a record that can't be filtered the new one says
    `WITHHELD`, with its logger, level and place.

    :param fields: which of a record's other attributes are wanted; all, if not given.
    """
    new = logging.LogRecord.__new__(logging.LogRecord)
    request = current_request()
    config = telemetry_config_of(request)
    try:
        reader = _reader_of(config)
        new.__dict__ = reader.attributes(record, request, fields)
    except Exception as error:
        config.drops.count("log_error", "line", error=error)
        new.__dict__ = _withheld(record)
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

    def attributes(
        self, record: logging.LogRecord, request: Request | None, fields: Iterable[str]
    ) -> dict[str, Any]:
        """Return the attributes of the new record."""
        given = record.__dict__
        known = request.known() if request is not None else None
        new = self.context(request)
        extra = given.keys() - _NOT_EXTRA
        if extra or current_bound() is not None:
            bound: dict[Any, object] = {**bound_values(), **{key: given[key] for key in extra}}
            new = {**self.values(bound, known), **new}
        message = record.msg
        if isinstance(message, dict) and not record.args:
            # Structured, as JSON formatters take it.
            new["msg"] = self.values(message, known)
        else:
            new["msg"] = self.text(record.getMessage(), known)
        new["args"] = new["exc_info"] = new["exc_text"] = new["stack_info"] = None
        if record.exc_info or record.exc_text:
            new["exc_text"] = self.text(_exception_text(record), known) or None
        if record.stack_info:
            new["stack_info"] = self.text(record.stack_info, known)
        clean = self._clean
        for field in fields:
            value = given.get(field)
            if field == "pathname":
                value = record.filename
            if type(value) is str and value not in clean:
                value = self.policy.texts.filter(value)
            new[field] = value
        return new

    def text(self, text: str, known: KnownValues | None) -> str:
        """Return a filtered message, traceback or stack."""
        return self.policy.apply_to_message(text, known=known)

    def values(self, values: Mapping[Any, object], known: KnownValues | None) -> dict[str, Any]:
        """Return the allowed ones of values under their names, filtered."""
        if all(self._is_plain(name, value, known) for name, value in values.items()):
            return dict(values)
        return self.policy.apply_to_part("extra", values, known=known) or {}

    def _is_plain(self, name: object, value: object, known: KnownValues | None) -> bool:
        """Tell whether a value is known to be kept as it is, as those of a boundary are."""
        keys = self.policy.keys
        return (
            type(value) is str
            and value in self._clean
            and type(name) is str
            and name in keys.named
            and keys.allows(name)
            and (known is None or known.filter(value) == value)
        )

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


def _reader_of(config: TelemetryConfig) -> Reader:
    """Return the reader of an application's lines; there is seldom more than one application."""
    global _reader  # noqa: PLW0603  # threads that make it at the same time make the same
    reader = _reader
    if reader is None or reader.config is not config:
        reader = _reader = Reader(config)
    return reader


def _exception_text(record: logging.LogRecord) -> str:
    # Not the text that an earlier formatter may have left, if there is the exception itself.
    if isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
        return _traceback(record.exc_info)
    return record.exc_text or ""


def _withheld(record: logging.LogRecord) -> dict[str, Any]:
    texts = telemetry_config_of(None).filter.policy.texts
    new = dict.fromkeys((*MADE_FIELDS, *_ALL))
    new["msg"] = WITHHELD
    for field in _NUMBERS:
        value = getattr(record, field, None)
        new[field] = value if type(value) in (int, float) else 0
    for field in _NAMES:
        value = getattr(record, field, None)
        if type(value) is str:
            new[field] = texts.filter(value)
    new["pathname"] = new["filename"]
    return new
