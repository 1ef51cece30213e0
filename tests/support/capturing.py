"""A transport that keeps what passes the gate, for tests that need no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sentry_sdk
from processes import wait_until
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from telemetry_core import TelemetryConfig, initialize_telemetry, shutdown_telemetry
from telemetry_core import session as sessions
from telemetry_core.collector import Item, parse_envelope
from telemetry_core.request import Request
from telemetry_core.settings import Settings

DSN = "https://c0113c70c0113c70c0113c70c0113c70@telemetry.example/1"
"""A DSN whose host does not exist. Nothing is sent to it: the transport keeps all."""


class Kept:
    """What passed the gate: the bytes of each envelope, as a server would get them.

    Pass `transport` as ``TELEMETRY_SENTRY_OPTIONS={"transport": kept.transport}``.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    @property
    def transport(self) -> type[Transport]:
        """A transport class whose objects serialise each envelope and keep the bytes here."""
        bodies = self.bodies

        class Keeping(Transport):
            def capture_envelope(self, envelope: Envelope) -> None:
                bodies.append(envelope.serialize())

        return Keeping

    @property
    def wire(self) -> bytes:
        """All bytes that would have left."""
        return b"\n".join(self.bodies)

    @property
    def headers(self) -> list[dict[str, Any]]:
        """The envelopes' headers, oldest first."""
        return [dict(parse_envelope(body).headers) for body in self.bodies]

    def items(self, type: str | None = None) -> list[Item]:
        """Return the items of all envelopes, oldest first; only those of ``type``, if given."""
        return [
            item
            for body in self.bodies
            for item in parse_envelope(body).items
            if type is None or item.type == type
        ]

    def payloads(self, type: str) -> list[dict[str, Any]]:
        """Return the parsed items of one type, oldest first."""
        payloads = [item.json for item in self.items(type)]
        assert all(isinstance(payload, dict) for payload in payloads)
        return payloads

    def streamed(self) -> list[dict[str, Any]]:
        """Return the batches of streamed spans, as soon as there is one.

        When a request's root ends, a thread of the SDK's takes its spans: a flush that comes at
        that moment finds none, and returns before they are handed over.
        """
        wait_until(lambda: bool(self.items("span")), "streamed spans pass the gate")
        return self.payloads("span")

    def event(self) -> dict[str, Any]:
        """Return the only event there is; fail the test when there are more or none."""
        events = self.payloads("event")
        assert len(events) == 1, [event.get("logentry") for event in events]
        return events[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Telemetry that is on, and what of it passed the gate."""

    config: TelemetryConfig
    kept: Kept


@contextmanager
def telemetry(**settings: Any) -> Iterator[Running]:
    """Switch telemetry on for the length of the block, with what passes the gate kept.

    What the block leaves in the SDK's scopes and in the session of this context is forgotten. It
    begins with no breadcrumbs.
    """
    kept = Kept()
    given: dict[str, Any] = {"dsn": DSN, "environment": "testing", "release": "1.2.3"}
    given |= {"traces_sample_rate": 0.0, "profiles_sample_rate": 0.0, **settings}
    options = {"transport": kept.transport, **given.pop("sentry_options", {})}
    read = Settings(enabled=True, sentry_options=options, **given)
    token = sessions.bind(None)
    with sentry_sdk.isolation_scope() as scope:
        scope.clear_breadcrumbs()
        config = initialize_telemetry(settings=read)
        try:
            yield Running(config=config, kept=kept)
        finally:
            shutdown_telemetry()
            sessions.unbind(token)


@contextmanager
def inside(request: Request) -> Iterator[Request]:
    """Enter a request, finish and leave it, as an adapter does around the application."""
    request.enter()
    try:
        yield request
    finally:
        request.finish()
        request.leave()
