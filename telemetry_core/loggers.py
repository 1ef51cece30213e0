"""Loggers whose records are not telemetry."""

from __future__ import annotations

import logging
from typing import Any, Final

from sentry_sdk.integrations import logging as sdk_logging
from sentry_sdk.integrations.logging import ignore_logger

from telemetry_core.reports import was_reported

ACCESS_LOGGERS: Final = (
    "aiohttp.access",
    "daphne.access",
    "django.channels.server",
    "granian.access",
    "gunicorn.access",
    "hypercorn.access",
    "uvicorn.access",
)
"""Where servers write a line for every request, with its raw path and the visitor's address.

They do so outside the request, where nothing is known of the visitor.
"""

# Newer SDKs keep a list of its own for what they send as logs; older ones have one list for all.
_ignore_for_logs = getattr(sdk_logging, "ignore_logger_for_sentry_logs", ignore_logger)


def keep_out(*names: str) -> None:
    """Name loggers whose records become nothing at all: no event, no breadcrumb, no log.

    ``*`` in a name stands for any characters.
    """
    for name in names:
        ignore_logger(name)
        _ignore_for_logs(name)


class _Unreported(logging.Filter):
    """Lets through what isn't the log of an exception that was reported already."""

    def filter(self, record: logging.LogRecord) -> bool:
        parts = record.exc_info if isinstance(record.exc_info, tuple) else ()
        return not any(isinstance(part, BaseException) and was_reported(part) for part in parts)


def pass_over_reported(integration: Any) -> None:
    """Keep an SDK's ``LoggingIntegration`` from building the events that are dropped as repeated.

    Building one costs a request as much as the first. Where the integration holds no handler of
    that kind (or is None), they are built and dropped.
    """
    handler = getattr(integration, "_handler", None)
    if isinstance(handler, logging.Handler):
        handler.addFilter(_Unreported())
