"""What runs inside the SDK before the gate: describing events, and stopping what has no permission.

Neither is needed for the promise that nothing personal leaves; the gate keeps that. They are where
something must be read in the request's own context.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.scope import add_global_event_processor

from telemetry_core.consent import Permission
from telemetry_core.request import current_request, is_repeated

Hook = Callable[[Any, Any], Any]


class TelemetryIntegration(Integration):
    """Marks a client as ours and adds the one event processor that all our clients share."""

    identifier = "telemetry"

    @staticmethod
    def setup_once() -> None:
        """Add the event processor. The SDK calls this once in a process."""

        @add_global_event_processor
        def process(event: Any, hint: Any) -> Any:
            if sentry_sdk.get_client().get_integration(TelemetryIntegration) is None:
                return event
            return processed(event, hint)


def processed(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    """Describe an event by its request; return None for an error that was reported already."""
    if event.get("type") in ("transaction", "check_in"):
        return event
    error = (hint.get("exc_info") or (None, None))[1]
    if error is not None and is_repeated(error):
        return None
    request = current_request()
    if request is not None:
        request.describe(event)
    return event


def batched(user_hook: Hook | None) -> Hook:
    """Make a ``before_send_log``, ``_metric`` or ``_span`` of the user's and ours.

    These signals are sent in batches over many requests, so permission is asked here, in the
    request that makes them.
    """

    def hook(signal: Any, hint: Any) -> Any:
        request = current_request()
        if request is not None and request.permission is not Permission.FULL:
            return None
        if user_hook is not None:
            signal = user_hook(signal, hint)
        return signal

    return hook
