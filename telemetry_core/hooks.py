"""What runs inside the SDK before the gate: describing events, and stopping what has no permission.

Neither is needed for the promise that nothing personal leaves; the gate keeps that. They are where
something must be read in the request's own context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.scope import add_global_event_processor
from sentry_sdk.utils import safe_repr

from telemetry_core import context, operations
from telemetry_core.consent import Permission
from telemetry_core.reports import is_repeated
from telemetry_core.request import Request, current_request
from telemetry_core.session import get_session_manager
from telemetry_core.snapshot import Snapshot
from telemetry_core.trace import write_context_on_spans, write_no_baggage

if TYPE_CHECKING:
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.gate import Gate

Hook = Callable[..., Any]


class TelemetryIntegration(Integration):
    """Marks a client as ours, and changes what all our clients share of the SDK."""

    identifier = "telemetry"

    @staticmethod
    def setup_once() -> None:
        """Add the event processor, and change how spans are made and handed on.

        The SDK calls this once in a process.
        """
        write_no_baggage(_is_ours)
        write_context_on_spans(_is_ours)

        @add_global_event_processor
        def process(event: Any, hint: Any) -> Any:
            if not _is_ours():
                return event
            described = processed(event, hint)
            return Snapshot(described) if described is not None else None


def _is_ours() -> bool:
    return sentry_sdk.get_client().get_integration(TelemetryIntegration) is not None


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
    with suppress(Exception):
        # What an application binds may fail at being read. The event goes without it.
        context.describe(event)
        operations.describe(event, error)
    return event


def careful(hook: Hook, gate: Gate, kind: str) -> Hook:
    """Make a hook drop what it fails at, in place of raising into the application.

    A sampler that fails gives None for a rate, by which the SDK records nothing.
    """

    def carefully(*given: Any) -> Any:
        try:
            return hook(*given)
        except Exception as error:
            gate.drop("hook_error", kind, error)
            return None

    return carefully


def batched(user_hook: Hook | None, kind: str, gate: Gate) -> Hook:
    """Make a ``before_send_log``, ``_metric`` or ``_span`` of the user's and ours.

    These signals are sent in batches over many requests. So what must be asked of the request that
    makes them is asked here: whether it permits them, and what is known of its visitor.

    :param kind: ``log``, ``metric`` or ``span``.
    :param gate: counts what the user's hook fails at.
    """

    def permitted(signal: Any, hint: Any) -> Any:
        request = current_request()
        if request is not None and request.permission is not Permission.FULL:
            return None
        if user_hook is not None:
            signal = user_hook(signal, hint)
        if kind != "metric" and isinstance(signal, Mapping):
            signal = _in_context(signal, kind)
        if request is not None and isinstance(signal, Mapping):
            signal = _of_request(signal, request, kind)
        return signal

    carefully = careful(permitted, gate, kind)
    if kind != "span":
        return carefully

    def hook(span: Any, hint: Any) -> Any:
        span = carefully(span, hint)
        # The SDK would send it all the same; the gate takes out one that is marked.
        return span if span is not None else {"name": "", "attributes": {WITHHELD: True}}

    return hook


WITHHELD: Final = "telemetry.withheld"
"""The attribute of a span that must not be sent."""


def _in_context(signal: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return a log or span with what is bound where it was made, and a log with its session."""
    bound = {
        name: value
        for name, value in context.bound_values().items()
        if isinstance(value, str | int | float)
    }
    session_id = get_session_manager().session_id if kind == "log" else None
    if session_id is not None:
        bound["session_id"] = session_id
    if not bound:
        return signal
    return {**signal, "attributes": {**(signal.get("attributes") or {}), **bound}}


def _of_request(signal: Mapping[str, Any], request: Request, kind: str) -> dict[str, Any]:
    """Return a signal without what is known of the visitor, and in the request's session."""
    attributes = dict(signal.get("attributes") or {})
    known = request.known()
    result = dict(signal)
    if known is not None:
        attributes = {_without(known, k): _without(known, v) for k, v in attributes.items()}
        for name in ("body", "name"):
            if name in result:
                result[name] = _without(known, result[name])
    if kind == "span" and "sentry.segment.name" in attributes:
        route = request.route()
        if route is not None:
            # A span ends before its root gets its name.
            attributes["sentry.segment.name"] = route
            attributes["sentry.segment.name.source"] = "route"
    if kind == "log" and request.session_id is not None:
        attributes["session_id"] = request.session_id
    result["attributes"] = attributes
    return result


def _without(known: KnownValues, value: Any) -> Any:
    """Return a value without what is known, whatever it is; as text where the SDK would make one.

    The SDK makes texts of most objects only when the batch is sent, which is too late.
    """
    if isinstance(value, str):
        return known.filter(str.__str__(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        text = repr(int(value) if isinstance(value, int) else float(value))
        filtered = known.filter(text)
        return value if filtered == text else filtered
    if type(value) is list or type(value) is tuple:
        return [_without(known, part) for part in value]
    return known.filter(safe_repr(value))
