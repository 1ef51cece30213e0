"""Logging with the same privacy as telemetry: what local logs hold names nobody either.

For the standard library's logging, in ``dictConfig`` and so in Django's ``LOGGING``::

    "formatters": {"json": {"()": "telemetry_core.logging.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},

`JsonFormatter` is for machines, `ReadableFormatter` for terminals; `FilteredFormatter` is put in
front of a formatter of your own, and `TelemetryFilter` on a handler whose formatter is fixed.
`filter_event` is the same for structlog, and `SERVER_LOGGING` is for gunicorn's own loggers and
their like. All work with telemetry switched off, too.
"""

from __future__ import annotations

from telemetry_core.logging.filters import TelemetryFilter
from telemetry_core.logging.formatters import (
    FilteredFormatter,
    JsonFormatter,
    ReadableFormatter,
)
from telemetry_core.logging.lines import CONTEXT_FIELDS, WITHHELD
from telemetry_core.logging.processors import filter_event
from telemetry_core.logging.servers import SERVER_LOGGING, ServerFormatter

__all__ = [
    "CONTEXT_FIELDS",
    "SERVER_LOGGING",
    "WITHHELD",
    "FilteredFormatter",
    "JsonFormatter",
    "ReadableFormatter",
    "ServerFormatter",
    "TelemetryFilter",
    "filter_event",
]
