"""Sampled requests arrive as transactions named by route, with their queries; others leave none."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django_calls import Answer, call_asgi, call_wsgi, flushed, reporting
from django_site.middleware import Watching

from telemetry_core import get_telemetry_config

Call = Callable[..., Answer]

TRACE = "0123456789abcdef0123456789abcdef"
SPAN = "0123456789abcdef"

NAMED = [
    ("/ok/Wilhelmina/", "/ok/<str:name>/", "route", 200, "a view"),
    ("/aok/Wilhelmina/", "/aok/<str:name>/", "route", 200, "a coroutine"),
    ("/sync/Wilhelmina/", "/sync/<str:name>/", "route", 500, "an error"),
    ("/raise/Http404/", "/raise/<str:kind>/", "route", 404, "an object that is not there"),
    ("/nowhere/Wilhelmina/", "<< unparameterized >>", "url", 404, "no such page"),
]


@pytest.mark.parametrize(
    ("target", "name", "source", "status"),
    [row[:4] for row in NAMED],
    ids=[row[4] for row in NAMED],
)
def test_a_sampled_request_arrives_as_a_transaction(
    call: Call, target: str, name: str, source: str, status: int
) -> None:
    """It bears the route's name, method and status, and belongs to the request's session."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        call(target)
        (transaction,) = flushed(kept).payloads("transaction")
    assert transaction["transaction"] == name
    assert transaction["transaction_info"] == {"source": source}
    assert transaction["contexts"]["trace"]["op"] == "http.server"
    data = transaction["contexts"]["trace"]["data"]
    assert data["http.request.method"] == "GET"
    assert data["http.response.status_code"] == status
    assert transaction["user"]["id"] == transaction["tags"]["session_id"]
    for event in kept.payloads("event"):
        assert event["user"] == transaction["user"]
        assert (
            event["contexts"]["trace"]["trace_id"] == transaction["contexts"]["trace"]["trace_id"]
        )
    assert b"Wilhelmina" not in kept.wire


STREAMED = [
    ("stream", call_wsgi, "WSGI"),
    ("astream", call_asgi, "ASGI"),
    ("file", call_wsgi, "file"),
]


@pytest.mark.parametrize(
    ("view", "call"), [row[:2] for row in STREAMED], ids=[row[2] for row in STREAMED]
)
def test_a_streamed_response_ends_its_transaction_with_its_body(view: str, call: Call) -> None:
    """One transaction, whose time includes the making of the body."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        answer = call(f"/{view}/Wilhelmina/")
        (transaction,) = flushed(kept).payloads("transaction")
    assert answer.body.replace(b" ", b"") == b"onetwo"
    assert transaction["transaction"] == f"/{view}/<str:name>/"


def test_a_request_that_is_not_sampled_leaves_nothing(call: Call) -> None:
    """Not even a count."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=0.0) as kept:
        call("/ok/Wilhelmina/")
        assert flushed(kept).bodies == []


UPSTREAM = [
    (0.0001, f"{TRACE}-{SPAN}-1", 1, "the caller samples"),
    (1.0, f"{TRACE}-{SPAN}-0", 0, "the caller does not sample"),
    (1.0, f"{TRACE}-{SPAN}", 1, "the caller leaves it to us"),
    (0.0, f"{TRACE}-{SPAN}-1", 0, "tracing is off here, whatever the caller says"),
]


@pytest.mark.parametrize(
    ("rate", "header", "count"), [row[:3] for row in UPSTREAM], ids=[row[3] for row in UPSTREAM]
)
def test_the_decision_of_the_caller_is_honoured(
    call: Call, rate: float, header: str, count: int
) -> None:
    """Of ``sentry-trace`` ids and decision are used; an error carries the ids either way."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=rate) as kept:
        call("/sync/Wilhelmina/", headers={"sentry-trace": header})
        event = flushed(kept).event()
        transactions = kept.payloads("transaction")
    assert event["contexts"]["trace"]["trace_id"] == TRACE
    assert len(transactions) == count
    for transaction in transactions:
        trace = transaction["contexts"]["trace"]
        assert (trace["trace_id"], trace["parent_span_id"]) == (TRACE, SPAN)


def test_baggage_is_never_used(call: Call) -> None:
    """What a caller writes there neither decides nor leaves."""
    baggage = (
        f"sentry-trace_id={TRACE},sentry-user_id=Wilhelmina,sentry-transaction=Ottoline,"
        "sentry-sampled=true,sentry-sample_rate=0.5,sentry-environment=quist,other=zebra"
    )
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        call("/sync/x/", headers={"sentry-trace": f"{TRACE}-{SPAN}-1", "baggage": baggage})
        assert len(flushed(kept).payloads("transaction")) == 1
    for word in (b"Wilhelmina", b"Ottoline", b"quist", b"zebra"):
        assert word not in kept.wire


@pytest.mark.parametrize(
    "header", ["", "nonsense", f"{TRACE}-{SPAN}-2", f"{'Z' * 32}-{SPAN}-1", "x" * 10_000]
)
def test_a_malformed_trace_is_as_good_as_none(call: Call, header: str) -> None:
    """A fresh trace is begun; nothing of the header leaves."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        call("/ok/x/", headers={"sentry-trace": header})
        (transaction,) = flushed(kept).payloads("transaction")
    assert "parent_span_id" not in transaction["contexts"]["trace"]


def queries_of(transaction: dict[str, Any]) -> list[dict[str, Any]]:
    return [span for span in transaction["spans"] if span["op"] == "db"]


@pytest.mark.django_db
def test_queries_of_a_sampled_request_are_spans_without_literals() -> None:
    """The statement as Django wrote it, never its parameters, nor what somebody wrote into it."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        assert call_wsgi("/queries/Wilhelmina/").status == 200
        (transaction,) = flushed(kept).payloads("transaction")
    selected, raw, many = queries_of(transaction)
    assert '"auth_user"."username" = %s' in selected["description"]
    assert raw["description"].startswith("SELECT ")
    assert many["description"] == "UPDATE auth_user SET last_name = %s WHERE id = %s"
    assert many["data"]["db.operation.batch.size"] == 2
    assert many["data"]["db.response.returned_rows"] == 0
    for span in (selected, raw, many):
        assert span["data"]["db.system"] == "sqlite"
        assert span["origin"] == "auto.db.telemetry"
    assert b"Wilhelmina" not in kept.wire


@pytest.mark.django_db(transaction=True)
def test_queries_under_asgi_are_spans_too() -> None:
    """There Django talks to its databases in a thread of the request's own."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        assert call_asgi("/aqueries/Wilhelmina/").status == 200
        (transaction,) = flushed(kept).payloads("transaction")
    assert [span["description"].partition(" ")[0] for span in queries_of(transaction)] == ["SELECT"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("view", "call"), [("stream-queries", call_wsgi), ("astream-queries", call_asgi)]
)
def test_queries_of_a_body_that_is_sent_piece_by_piece_are_spans(view: str, call: Call) -> None:
    """They run when the view has long returned, and belong to its request all the same."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        assert call(f"/{view}/Wilhelmina/").status == 200
        (transaction,) = flushed(kept).payloads("transaction")
    statements = [span["description"] for span in queries_of(transaction)]
    assert len(statements) == 2
    for statement, table in zip(statements, ("auth_user", "auth_group"), strict=True):
        assert statement.startswith("SELECT COUNT(*)")
        assert table in statement
    assert connection.execute_wrappers == []


@pytest.mark.django_db
def test_bodies_that_take_turns_keep_their_queries_apart() -> None:
    """The first to begin ends first, and a wrapper of the site's own stays where it was put."""
    ran: list[str] = []

    def own(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        ran.append(sql)
        return execute(sql, params, many, context)

    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        bodies = [begun_body(f"/stream-queries/{name}/") for name in ("Wilhelmina", "Ottoline")]
        pieces = [iter(body) for body in bodies]
        with connection.execute_wrapper(own):
            for _ in range(2):
                for each in pieces:
                    next(each)
            for each, body in zip(pieces, bodies, strict=True):
                assert list(each) == []
                body.close()
            assert connection.execute_wrappers == [own]
        transactions = flushed(kept).payloads("transaction")
    assert [len(queries_of(transaction)) for transaction in transactions] == [2, 2]
    assert len(ran) == 4


@pytest.mark.django_db
def test_a_site_that_takes_off_all_wrappers_loses_spans_and_nothing_else() -> None:
    """What is not there any more can't be taken off."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        body = begun_body("/stream-queries/Wilhelmina/")
        connection.execute_wrappers.clear()
        assert list(body) == [b"auth_user", b"auth_group"]
        body.close()
        (transaction,) = flushed(kept).payloads("transaction")
        assert get_telemetry_config().drops.counts() == {}
    assert queries_of(transaction) == []


def begun_body(path: str) -> Any:
    """Return the body that the site makes for a server."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    return WSGIHandler()(environ, lambda *_: lambda _: None)


@pytest.mark.django_db
@pytest.mark.parametrize(("rate", "during"), [(1.0, 1), (0.0, 0)], ids=["sampled", "not sampled"])
def test_queries_are_wrapped_only_in_sampled_requests(rate: float, during: int) -> None:
    """Before and after, and in all other requests, Django's connections are as they were."""
    before = len(connection.execute_wrappers)
    middleware = [
        "telemetry_django.middleware.TelemetryMiddleware",
        "django_site.middleware.Watching",
    ]
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=rate, MIDDLEWARE=middleware):
        call_wsgi("/sync/x/")
    assert Watching.seen.pop() == before + during
    assert len(connection.execute_wrappers) == before
