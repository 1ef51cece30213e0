"""Transports behind the gate: the SDK's own, and whatever a user would send by."""

from __future__ import annotations

import asyncio
import inspect
import os
import warnings
from collections.abc import Callable
from typing import Any

from sentry_sdk.envelope import Envelope, Item
from sentry_sdk.transport import Transport, make_transport
from sentry_sdk.worker import BackgroundWorker

from telemetry_core.gate import Gate, GatedEnvelope, GatedItem


def _without_dropped(envelope: Envelope, gate: Gate) -> Envelope | None:
    """Filter an envelope's items now and return it without those that were dropped.

    What a transport of the user's has put in behind the gate passes it here.
    """
    gated = [
        item if isinstance(item, GatedItem) else gate.admit_item(item) for item in envelope.items
    ]
    items = [item for item in gated if item is not None and item.get_bytes()]
    if not items:
        return None
    if isinstance(envelope, GatedEnvelope) and envelope.is_untouched:
        return Envelope(headers=envelope.headers, items=items)
    return Envelope(headers=gate.admit_headers(envelope.headers), items=items)


class _Gated:
    """What is laid over a transport class, so that everything passes the gate first."""

    _telemetry_gate: Gate

    def capture_envelope(self, envelope: Envelope) -> None:
        admitted = self._telemetry_gate.admit(envelope)
        if admitted is None:
            return
        try:
            super().capture_envelope(admitted)  # type: ignore[misc]  # of the transport it is laid over
        except Exception as error:
            self._telemetry_gate.drop("transport_error", "envelope", error)


class _GatedHttp(_Gated):
    """The same for the SDK's own transports, which run ``_send_envelope`` on their worker."""

    _pool: Any
    _worker: Any
    _process = os.getpid()

    def capture_envelope(self, envelope: Envelope) -> None:
        if self._process != os.getpid():
            self._begin_anew()
        super().capture_envelope(envelope)

    def _begin_anew(self) -> None:
        """Leave to the parent of a forked process what is the parent's.

        The sender that waited for it at the queue would be woken in place of this process's, and
        what was in it be sent twice. Over one of its connections the answers to what several
        children send get mixed up.
        """
        self._process = os.getpid()
        try:
            if isinstance(self._worker, BackgroundWorker):
                size = self.options["transport_queue_size"]  # type: ignore[attr-defined]  # see above
                self._worker = type(self._worker)(queue_size=size)
            self._pool = self._make_pool()  # type: ignore[attr-defined]  # of the SDK's transports
        except Exception as error:
            # What is sent over the parent's may be lost.
            self._telemetry_gate.drop("fork_error", "client", error)

    def _send_envelope(self, envelope: Envelope) -> Any:
        send = super()._send_envelope  # type: ignore[misc]  # of the transport it is laid over
        if inspect.iscoroutinefunction(send):
            return self._send_later(envelope, send)
        remaining = _without_dropped(envelope, self._telemetry_gate)
        return send(remaining) if remaining is not None else None

    async def _send_later(self, envelope: Envelope, send: Callable[[Envelope], Any]) -> None:
        # On the application's own event loop: the filter must not hold it up.
        remaining = await asyncio.to_thread(_without_dropped, envelope, self._telemetry_gate)
        if remaining is not None:
            await send(remaining)

    def _fetch_pending_client_report(self, *args: Any, **kwargs: Any) -> Item | None:
        report = super()._fetch_pending_client_report(*args, **kwargs)  # type: ignore[misc]
        return self._telemetry_gate.admit_item(report) if report is not None else None


class GatedSender:
    """A gate before an object that sends envelopes, such as the SDK's for Spotlight."""

    def __init__(self, inner: Any, gate: Gate) -> None:
        self._inner = inner
        self._telemetry_gate = gate

    def capture_envelope(self, envelope: Envelope) -> None:
        """Send what may leave. Never raises."""
        admitted = self._telemetry_gate.admit(envelope)
        remaining = None if admitted is None else _without_dropped(admitted, self._telemetry_gate)
        if remaining is None:
            return
        try:
            self._inner.capture_envelope(remaining)
        except Exception as error:
            self._telemetry_gate.drop("transport_error", "envelope", error)


class _GatedInstance(GatedSender, Transport):
    """A gate before a transport object that the user made."""

    def __init__(self, inner: Any, gate: Gate) -> None:
        super().__init__(inner, gate)
        # What is put in the place of a client's transport may lack them.
        self.options = getattr(inner, "options", None)
        self.parsed_dsn = getattr(inner, "parsed_dsn", None)

    def flush(self, timeout: float, callback: Any = None) -> None:
        self._inner.flush(timeout, callback)

    def kill(self) -> None:
        self._inner.kill()

    def record_lost_event(self, *args: Any, **kwargs: Any) -> None:
        self._inner.record_lost_event(*args, **kwargs)

    def is_healthy(self) -> bool:
        return bool(self._inner.is_healthy())


def is_gated(transport: object) -> bool:
    """Tell whether a transport, or a class of them, stands behind any gate."""
    return isinstance(getattr(transport, "_telemetry_gate", None), Gate)


def gated_object(given: Any, gate: Gate) -> Transport:
    """Return a transport that sends by an object made already, behind the gate."""
    return _GatedInstance(given, gate)


def gated_transport(given: Any, gate: Gate) -> type[Transport] | Transport:
    """Return what to pass as ``transport=``: the transport that was asked for, behind the gate.

    :param given: the user's ``transport``: None, a class, an object, or a function of events.
    """
    if isinstance(given, Transport):
        return gated_object(given, gate)
    if isinstance(given, type) and issubclass(given, Transport):
        return _laid_over(given, gate)

    class GatedTransport(Transport):
        """Whatever transport the SDK itself would make of its options, behind the gate."""

        _telemetry_gate = gate

        def __new__(cls, options: dict[str, Any]) -> Transport:  # type: ignore[misc]  # a factory
            with warnings.catch_warnings():
                # The SDK deprecates functions as transports; what it says of ours helps nobody.
                warnings.simplefilter("ignore", DeprecationWarning)
                made = make_transport({**options, "transport": given})
            assert made is not None  # the SDK makes a transport only where there is a DSN
            if given is not None or type(made) is not made.__class__:
                # A function, or the SDK's printer of envelopes, which passes for what it prints.
                return _GatedInstance(made, gate)
            return _laid_over(type(made), gate)(options)

        def capture_envelope(self, envelope: Envelope) -> None:
            raise NotImplementedError  # never called: no object is of this class

    return GatedTransport


def _laid_over(transport: type[Transport], gate: Gate) -> type[Transport]:
    over = _GatedHttp if hasattr(transport, "_send_envelope") else _Gated
    return type(f"Gated{transport.__name__}", (over, transport), {"_telemetry_gate": gate})


def gated_part(transport: object, gate: Gate) -> Transport | None:
    """Return the part of a client's transport that stands behind this gate, if there is one.

    The SDK's printer of envelopes (``SENTRY_PRINT_ENVELOPES``) wraps what it is given, and would
    print what the gate has not yet seen.
    """
    while transport is not None:
        own = getattr(transport, "__dict__", {})
        if gate in (own.get("_telemetry_gate"), vars(type(transport)).get("_telemetry_gate")):
            return transport  # type: ignore[return-value]  # only transports carry a gate
        transport = own.get("_inner")
    return None
