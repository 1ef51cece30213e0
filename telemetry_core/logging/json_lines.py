"""JSON lines, by python-json-logger: needs the extra ``telemetry-core[json]``."""

from __future__ import annotations

import logging
from typing import Any, Final

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonEncoder
from pythonjsonlogger.json import JsonFormatter as TheirJsonFormatter

from telemetry_core.logging.formatters import utc_time
from telemetry_core.logging.lines import MADE_FIELDS, STANDARD_FIELDS, filtered_record

FIELDS: Final = ("asctime", "levelname", "name", "message")
NAMES: Final = {
    "asctime": "timestamp",
    "levelname": "level",
    "name": "logger",
    "exc_info": "exception",
    "stack_info": "stack",
}


class JsonFormatter(TheirJsonFormatter):
    """One JSON object a line, with nothing personal in it.

    ::

        {"timestamp": "2026-01-31T12:00:00.123+00:00", "level": "INFO", "logger": "shop.orders",
         "message": "order 7 paid", "session_id": "3f2a...", "route": "/checkout/", ...}

    Fields: those four; ``session_id``, ``route``, ``trace_id``, ``span_id``, ``release``,
    ``environment`` and ``operation`` as far as they are known; what `telemetry_context` has bound;
    the allowed fields of ``extra``, others as ``[Filtered]``; ``exception`` and ``stack`` as text.
    Times are in UTC. The record is not changed, see `telemetry_core.logging.FilteredFormatter`.

    Takes what python-json-logger's `JsonFormatter` takes, such as ``fmt``, ``rename_fields`` and
    ``static_fields`` (https://nhairs.github.io/python-json-logger/).
    """

    def __init__(self, fmt: Any = FIELDS, *args: Any, **options: Any) -> None:
        options.setdefault("rename_fields", NAMES)
        super().__init__(fmt, *args, **options)
        # Theirs goes through all that a record has.
        wanted = STANDARD_FIELDS & {*self._required_fields, "created", "msecs"}
        self._wanted = tuple(sorted(wanted - set(MADE_FIELDS)))
        # Theirs makes an encoder for every line. What was asked for in particular stays theirs.
        self._encode = None if _JSON_OPTIONS & options.keys() else JsonEncoder().encode

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return super().format(filtered_record(record, self._wanted))

    def formatTime(  # noqa: N802  # the base class's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time in UTC, unless another form is asked for."""
        if datefmt is not None:
            return super().formatTime(record, datefmt)
        return utc_time(record.created)

    def jsonify_log_record(self, log_data: LogData) -> str:
        """Return the line's JSON."""
        if self._encode is not None:
            return self._encode(log_data)
        return super().jsonify_log_record(log_data)


_JSON_OPTIONS: Final = frozenset(
    ("json_default", "json_encoder", "json_serializer", "json_indent", "json_ensure_ascii")
)

__all__ = ["JsonFormatter"]
