"""What has gone wrong: which exceptions are failures, and how one becomes an event."""

from __future__ import annotations

from asyncio import CancelledError
from types import TracebackType
from typing import TYPE_CHECKING, Final

import sentry_sdk
from sentry_sdk.utils import event_from_exception

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig

_OWN_PACKAGES: Final = ("telemetry_core", "telemetry_django", "telemetry_flask")


def capture_exception(
    config: TelemetryConfig, error: BaseException, *, handled: bool
) -> str | None:
    """Report an exception with the current scopes; return the event's id, or None."""
    client = sentry_sdk.get_client()
    event, hint = event_from_exception(
        (type(error), error, without_own_frames(error.__traceback__)),
        client_options=client.options if client.is_active() else config.client_options,
        mechanism={"type": "telemetry", "handled": handled},
    )
    return sentry_sdk.get_current_scope().capture_event(event, hint=hint)


def is_failure(error: BaseException) -> bool:
    """Tell whether what ended a request is an error, and not how such things end.

    Processes do by ``SystemExit`` with no status or 0 and by ``KeyboardInterrupt``, generators by
    ``GeneratorExit``, and requests whose visitor has gone away by ``CancelledError``.
    """
    if isinstance(error, SystemExit):
        return error.code not in (None, 0)
    return not isinstance(error, GeneratorExit | KeyboardInterrupt | CancelledError)


def without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is not of this package's."""
    while traceback is not None and traceback.tb_next is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OWN_PACKAGES:
            break
        traceback = traceback.tb_next
    return traceback
