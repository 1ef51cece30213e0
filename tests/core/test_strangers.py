"""Clients that are not telemetry's: while it is on, what they send has passed its gate, too."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk
from capturing import DSN, Kept, telemetry
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from telemetry_core.collector import Collector

EMAIL = "jane.doe@mail.example.org"
BARE: dict[str, Any] = {"default_integrations": False, "auto_enabling_integrations": False}


@contextmanager
def no_client_left() -> Iterator[None]:
    try:
        yield
    finally:
        sentry_sdk.Scope.get_global_scope().set_client(None)


def by_hand(transport: Any, text: str) -> None:
    sentry_sdk.Client(dsn=DSN, transport=transport, **BARE).capture_event({"message": text})


def in_a_scope(transport: Any, text: str) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_client(sentry_sdk.Client(dsn=DSN, transport=transport, **BARE))
        sentry_sdk.capture_message(text)


def by_init(transport: Any, text: str) -> None:
    sentry_sdk.init(dsn=DSN, transport=transport, **BARE)
    sentry_sdk.capture_message(text)


def put_in_place(transport: Any, text: str) -> None:
    sentry_sdk.get_client().transport = transport() if isinstance(transport, type) else transport
    sentry_sdk.capture_message(text)


class Bare:
    """Something that takes envelopes and is no transport."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def capture_envelope(self, envelope: Envelope) -> None:
        self.kept.bodies.append(envelope.serialize())

    def flush(self, *_: Any) -> None: ...
    def kill(self) -> None: ...


MAKERS: dict[str, Callable[[Kept], Any]] = {
    "class": lambda kept: kept.transport,
    "object": lambda kept: kept.transport(),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("capture", [by_hand, in_a_scope, by_init, put_in_place])
def test_another_client_sends_through_the_gate(
    capture: Callable[[Any, str], None], make: Callable[[Kept], Any]
) -> None:
    """However it was made, whatever it sends by: its events arrive, without personal data."""
    kept = Kept()
    with telemetry(), no_client_left():
        capture(make(kept), f"mail to {EMAIL}")
        sentry_sdk.flush(2)
    assert b"mail to [EMAIL]" in kept.wire
    assert EMAIL.encode() not in kept.wire


def test_what_is_no_transport_is_gated_in_its_place() -> None:
    """A test double that only takes envelopes stands behind the gate as well."""
    kept = Kept()
    with telemetry():
        put_in_place(Bare(kept), EMAIL)
    assert b"[EMAIL]" in kept.wire
    assert EMAIL.encode() not in kept.wire


def test_the_client_from_before_is_gated_when_telemetry_begins() -> None:
    """An application's wsgi.py may have called sentry_sdk.init(), and still hold that client."""
    kept = Kept()
    with no_client_left():
        sentry_sdk.init(dsn=DSN, transport=kept.transport, **BARE)
        before = sentry_sdk.get_client()
        with telemetry():
            before.capture_event({"message": EMAIL})
    assert b"[EMAIL]" in kept.wire
    assert EMAIL.encode() not in kept.wire


def test_another_client_s_own_sender_is_gated_over_a_socket() -> None:
    """With no transport given the SDK makes its own, which is as ours."""
    email = f"j{secrets.token_hex(5)}@mail.example.org"
    with Collector() as collector, telemetry(), no_client_left():
        sentry_sdk.init(dsn=collector.dsn, **BARE)
        sentry_sdk.capture_message(f"mail to {email}")
        sentry_sdk.flush(5)
        body = collector.body()
    assert b"mail to [EMAIL]" in body
    assert email.encode() not in body


def test_copies_for_spotlight_are_filtered() -> None:
    """Another client may switch Spotlight on, which gets all that is captured."""
    with Collector() as collector, telemetry(), no_client_left():
        spotlight = f"http://127.0.0.1:{collector.port}/api/1/envelope/"
        sentry_sdk.init(spotlight=spotlight, **BARE)
        sentry_sdk.capture_message(f"mail to {EMAIL}")
        body = collector.body()
    assert b"mail to [EMAIL]" in body
    assert EMAIL.encode() not in body


def test_a_spotlight_that_fails_reaches_nobody() -> None:
    """What Spotlight raises is counted."""
    with telemetry() as running, no_client_left():
        sentry_sdk.init(spotlight="http://127.0.0.1:9/", **BARE)
        spotlight: Any = sentry_sdk.get_client().spotlight
        spotlight._inner = None
        sentry_sdk.capture_message("hello")
        assert running.config.drops.counts() == {("transport_error", "envelope"): 1}


def test_a_client_made_after_telemetry_is_left_alone() -> None:
    """Who has shut telemetry down is on their own."""
    kept = Kept()
    with telemetry():
        pass
    by_hand(kept.transport, "mail to jane")
    with telemetry():
        pass
    assert b"mail to jane" in kept.wire


def test_a_client_without_a_transport_stays_without() -> None:
    """One with no DSN sends nothing, gate or no gate."""
    with telemetry():
        client = sentry_sdk.Client(dsn="", **BARE)
        assert client.transport is None
        assert not isinstance(client.transport, Transport)
