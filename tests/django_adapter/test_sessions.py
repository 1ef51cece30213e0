"""Sessions in Django: by the request, or by the visitor's pseudonym; and crash-free counts."""

from __future__ import annotations

from typing import Any

import pytest
from capturing import Kept
from django.conf import settings
from django_calls import call_asgi, call_wsgi, flushed, reporting

from telemetry_core import get_telemetry_config
from telemetry_core.visitor import visitor_id

CALLS = {"wsgi": call_wsgi, "asgi": call_asgi}


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest) -> Any:
    return CALLS[request.param]


def ids(kept: Kept) -> list[str]:
    return [event["user"]["id"] for event in kept.payloads("event")]


def test_each_request_is_a_session_by_default(call: Any) -> None:
    """Two errors of one visitor can't be told from those of two."""
    with reporting() as kept:
        for _ in range(2):
            call("/sync/bert/", headers={"Cookie": "sessionid=abcdefghij"})
        first, second = ids(flushed(kept))
    assert first != second


def test_a_visitor_has_one_pseudonym_where_that_is_asked_for(call: Any) -> None:
    """From the session's cookie and the secret key; no session is loaded for it."""
    with reporting(TELEMETRY_SESSION_SCOPE="visitor") as kept:
        for key in ("abcdefghij", "abcdefghij", "klmnopqrst"):
            call("/sync/bert/", headers={"Cookie": f"sessionid={key}"})
        call("/sync/bert/")
        first, second, other, nobody = ids(flushed(kept))
    assert first == second == visitor_id("abcdefghij", settings.SECRET_KEY)
    assert len({first, other, nobody}) == 3
    assert b"abcdefghij" not in kept.wire


def test_requests_are_counted_for_crash_free_rates(call: Any) -> None:
    """One that crashes counts as crashed, others as they ended, and nobody in them."""
    options = {"auto_session_tracking": True}
    with reporting(TELEMETRY_SENTRY_OPTIONS=options) as kept:
        call("/sync/bert/")
        call("/nothing/here/")
        flushed(kept)
        get_telemetry_config().client.session_flusher.flush()
        [sessions] = kept.payloads("sessions")
    counts = {
        name: sum(aggregate.get(name, 0) for aggregate in sessions["aggregates"])
        for name in ("exited", "errored", "crashed")
    }
    assert counts == {"exited": 1, "errored": 0, "crashed": 1}
    assert all("did" not in aggregate for aggregate in sessions["aggregates"])
