"""Loggers whose records are not telemetry."""

from __future__ import annotations

from sentry_sdk.integrations import logging as sdk_logging
from sentry_sdk.integrations.logging import ignore_logger

# Newer SDKs keep a list of its own for what they send as logs; older ones have one list for all.
_ignore_for_logs = getattr(sdk_logging, "ignore_logger_for_sentry_logs", ignore_logger)


def repeat_what_is_reported(*names: str) -> None:
    """Name loggers that only repeat what reaches telemetry by another way.

    Their records become neither events nor breadcrumbs.
    """
    for name in names:
        ignore_logger(name)


def keep_out(*names: str) -> None:
    """Name loggers whose records become nothing at all: no event, no breadcrumb, no log."""
    for name in names:
        ignore_logger(name)
        _ignore_for_logs(name)
