"""Loggers whose records are not telemetry."""

from __future__ import annotations

from sentry_sdk.integrations.logging import ignore_logger


def repeat_what_is_reported(*names: str) -> None:
    """Name loggers that only repeat what reaches telemetry by another way.

    Their records become neither events nor breadcrumbs.
    """
    for name in names:
        ignore_logger(name)
