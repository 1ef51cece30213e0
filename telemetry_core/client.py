"""The SDK's client, kept from raising into the application."""

from __future__ import annotations

from typing import Any

import sentry_sdk

from telemetry_core.drops import Drops


class CalmClient(sentry_sdk.Client):
    """A client of the SDK that drops and counts an event at which the SDK fails.

    The SDK raises at events of the wrong shape, and hands on what a user's samplers, processors
    and hooks raise. Whoever captures something is told by the missing id at most.

    :param drops: counts what was dropped.
    :param options: those of ``sentry_sdk.init``.
    :raises Exception: whatever the SDK raises at wrong options.
    """

    def __init__(self, drops: Drops, **options: Any) -> None:
        self._drops = drops
        super().__init__(**options)

    def capture_event(self, *args: Any, **kwargs: Any) -> str | None:
        """Capture an event; return its id, or None when nothing is sent. Never raises."""
        try:
            return super().capture_event(*args, **kwargs)
        except Exception as error:
            self._drops.count("capture_error", "event", error=error)
            return None
