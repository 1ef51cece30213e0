"""The lines of servers: gunicorn's, uvicorn's and hypercorn's access logs and errors.

A server writes them when the request is over or before it began, so nothing is known of the
visitor; and what it writes is theirs: their address, the raw path with its query, the page they
came from. No pattern finds a name in a path. So these lines are made anew, of what tells nobody
apart.

In ``gunicorn.conf.py``::

    from telemetry_core.logging import SERVER_LOGGING

    logconfig_dict = SERVER_LOGGING

For uvicorn: ``uvicorn.run("site:app", log_config=SERVER_LOGGING)``.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from typing import Any, Final

from telemetry_core.filter.text import FILTERED
from telemetry_core.loggers import ACCESS_LOGGERS
from telemetry_core.logging.formatters import JsonFormatter

_METHODS: Final = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split())
_TARGET: Final = "[PATH]"

SERVER_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "server": {"()": "telemetry_core.logging.ServerFormatter"},
        "application": {"()": "telemetry_core.logging.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "server",
            "stream": "ext://sys.stdout",
        },
        "error_console": {
            "class": "logging.StreamHandler",
            "formatter": "server",
            "stream": "ext://sys.stderr",
        },
        "application": {"class": "logging.StreamHandler", "formatter": "application"},
    },
    "loggers": {
        name: {"level": "INFO", "handlers": [handler], "propagate": False}
        for name, handler in (
            ("gunicorn.access", "console"),
            ("gunicorn.error", "error_console"),
            ("hypercorn.access", "console"),
            ("hypercorn.error", "error_console"),
            ("uvicorn", "error_console"),
            ("uvicorn.access", "console"),
        )
    },
    "root": {"level": "INFO", "handlers": ["application"]},
}
"""Logging of a server for ``dictConfig``: access lines to standard output, errors to standard
error, and the application's lines there, too, unless it sets up its own logging."""


class ServerFormatter(JsonFormatter):
    """One JSON object a line, as `JsonFormatter` writes, for the loggers of a server.

    ::

        {"timestamp": ..., "level": "INFO", "logger": "gunicorn.access", "message": "GET 200",
         "status": 200, "duration_ms": 12, ...}

    Of an access line method, status and duration are left; of other lines, paths and URLs among the
    arguments are ``[PATH]``, and exceptions their type and where they were raised: telemetry has
    the rest of them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return super().format(_without_visitor(record))


def _without_visitor(record: logging.LogRecord) -> logging.LogRecord:
    """Return a new record with nothing of a visitor's in it."""
    attributes = dict(vars(record))
    attributes["exc_info"] = None
    try:
        if record.name in ACCESS_LOGGERS:
            attributes.update(_access(record.args), args=None)
        elif isinstance(record.args, tuple):
            attributes["args"] = tuple(map(_without_target, record.args))
        attributes["exc_text"] = _place_of_exception(record)
    except Exception:
        attributes.update(msg=FILTERED, args=None, exc_text=None)
    return logging.makeLogRecord(attributes)


def _access(given: object) -> dict[str, Any]:
    """Return what is left of an access line, by its arguments."""
    status: Any
    milliseconds = None
    if isinstance(given, Mapping):  # gunicorn, hypercorn: the atoms of Apache's log formats
        method, status, microseconds = given["m"], given["s"], given["D"]
        if isinstance(microseconds, int):
            milliseconds = microseconds // 1_000
    elif isinstance(given, tuple) and len(given) == 5:  # uvicorn
        _, method, _, _, status = given
    else:
        return {"msg": "request"}
    found: dict[str, Any] = {
        "msg": f"{method if method in _METHODS else FILTERED} {int(status)}",
        "status": int(status),
    }
    if milliseconds is not None:
        found["duration_ms"] = milliseconds
    return found


def _without_target(argument: object) -> object:
    return _TARGET if isinstance(argument, str | bytes) and "/" in str(argument) else argument


def _place_of_exception(record: logging.LogRecord) -> str | None:
    if not isinstance(record.exc_info, tuple) or record.exc_info[0] is None:
        return None
    kind, _, place = record.exc_info
    return f"{''.join(traceback.format_tb(place))}{kind.__module__}.{kind.__qualname__}"
