"""Sampled requests are recorded under their rule; others leave nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response
from flask_calls import call, flushed, site
from flask_site import create_app

NAME = "Wilhelmina"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

NAMED = [
    (f"/ok/{NAME}", 200, "/ok/<name>", "route", "a rule"),
    (f"/print/{NAME}", 200, "/print/<name>", "route", "a blueprint's rule"),
    (f"/numbers/{NAME}", 200, "/numbers/<name>", "route", "a streamed body"),
    (f"/file/{NAME}", 200, "/file/<name>", "route", "a file"),
    (f"/sync/{NAME}", 500, "/sync/<name>", "route", "an error"),
    (f"/abort/403/{NAME}", 403, "/abort/<int:status>/<name>", "route", "a refusal"),
    (f"/nowhere/{NAME}", 404, "<< unparameterized >>", "url", "a path that no rule matches"),
]


@pytest.mark.parametrize(
    ("target", "status", "name", "source"),
    [row[:4] for row in NAMED],
    ids=[row[4] for row in NAMED],
)
def test_a_sampled_request_is_a_transaction_named_by_its_rule(
    target: str, status: int, name: str, source: str
) -> None:
    """Never by its path; with method, status, session and release."""
    with site(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        assert call(running.app, target).status == status
        (transaction,) = flushed(running).payloads("transaction")
        assert NAME.encode() not in running.kept.wire
    assert transaction["transaction"] == name
    assert transaction["transaction_info"] == {"source": source}
    assert transaction["contexts"]["response"] == {"status_code": status}
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    assert transaction["contexts"]["trace"]["data"]["http.request.method"] == "GET"
    assert transaction["release"] == "notes@1.2.3"
    assert transaction["user"] == {"id": transaction["tags"]["session_id"]}


def test_a_request_that_is_not_sampled_leaves_nothing() -> None:
    """At a rate of 0 there is not a byte."""
    with site() as running:
        for target in (f"/ok/{NAME}", f"/numbers/{NAME}", f"/nowhere/{NAME}"):
            call(running.app, target)
        assert flushed(running).bodies == []


UPSTREAM = [
    ("-1", 0.0, True, "sampled by the caller"),
    ("-0", 1.0, False, "not sampled by the caller"),
    ("", 1.0, True, "left to us, who sample"),
    ("", 0.0, False, "left to us, who don't"),
]


@pytest.mark.parametrize(
    ("flag", "rate", "sampled"), [row[:3] for row in UPSTREAM], ids=[row[3] for row in UPSTREAM]
)
def test_the_callers_decision_is_honoured(flag: str, rate: float, sampled: bool) -> None:
    """Its ids are continued; of its baggage nothing is used or handed on."""
    headers = {
        "sentry-trace": f"{TRACE}-{SPAN}{flag}",
        "baggage": f"sentry-user_id={NAME},sentry-sampled=true,sentry-sample_rand=0.5,a={NAME}",
    }
    # 0.0 would switch tracing off as a whole; the caller's decision needs it on.
    with site(TELEMETRY_TRACES_SAMPLE_RATE=rate or 1e-9) as running:
        call(running.app, "/ok/7", headers=headers)
        transactions = flushed(running).payloads("transaction")
        assert NAME.encode() not in running.kept.wire
    assert len(transactions) == sampled
    for transaction in transactions:
        trace = transaction["contexts"]["trace"]
        assert (trace["trace_id"], trace["parent_span_id"]) == (TRACE, SPAN)


def test_an_error_in_a_request_that_is_not_sampled_continues_the_trace() -> None:
    """It is found with the caller's errors, by the ids alone."""
    headers = {"sentry-trace": f"{TRACE}-{SPAN}-0", "baggage": f"sentry-user_id={NAME}"}
    with site() as running:
        call(running.app, "/sync/7", headers=headers)
        assert flushed(running).event()["contexts"]["trace"]["trace_id"] == TRACE
        assert NAME.encode() not in running.kept.wire


def test_a_visitor_who_hangs_up_ends_the_transaction() -> None:
    """The server closes the body after its first piece; the request is complete then."""
    with site(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        assert call(running.app, f"/numbers/{NAME}", pieces=1).pieces == [b"0"]
        (transaction,) = flushed(running).payloads("transaction")
    assert transaction["transaction"] == "/numbers/<name>"


def test_the_transaction_of_a_streamed_body_ends_with_the_body() -> None:
    """What is done while streaming is part of the request."""
    import sentry_sdk

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.get("/spans")
        def view() -> Response:
            def pieces() -> Any:
                for number in range(2):
                    with sentry_sdk.start_span(op="function", name="piece"):
                        yield str(number)

            return Response(pieces())

        return app

    with site(make, TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        assert call(running.app, "/spans").body == b"01"
        (transaction,) = flushed(running).payloads("transaction")
    assert [span["description"] for span in transaction["spans"]] == ["piece", "piece"]
