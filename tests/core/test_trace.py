"""An inbound trace is continued by its ids alone, and a sampled request is recorded."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, telemetry
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from leak_matrix import Visitor
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.integrations.stdlib import StdlibIntegration

from telemetry_core.policy.rule import UNPARAMETERIZED
from telemetry_core.request import Request
from telemetry_core.trace import (
    QuerySpan,
    begin_trace,
    finish_transaction,
    is_sampled_by,
    start_transaction,
    thrown,
)

TRACE = "0123456789abcdef0123456789abcdef"
SPAN = "fedcba9876543210"
HEADER = f"{TRACE}-{SPAN}"

BAGGAGE = "sentry-user_id=jane.doe,sentry-trace_id=1,other=jane"
"""What a visitor may send; of which nothing is read."""

STREAMS = "trace_lifecycle" in DEFAULT_OPTIONS


@contextlib.contextmanager
def begun(header: str | None) -> Iterator[sentry_sdk.Scope]:
    with sentry_sdk.isolation_scope() as scope:
        begin_trace(scope, header)
        yield scope


def ids_of(scope: sentry_sdk.Scope) -> tuple[str, str | None]:
    trace = scope.get_active_propagation_context()
    assert trace is not None
    return trace.trace_id, trace.parent_span_id


# What a caller sends


REFUSED = [
    (None, "no header"),
    ("", "an empty one"),
    ("garbage", "no ids"),
    (TRACE, "no span"),
    (f"{TRACE}-", "an empty span"),
    (f"{HEADER}-2", "no decision of the protocol"),
    (f"{HEADER}-1-1", "one part too many"),
    (f"{HEADER}-true", "a word for a decision"),
    (f"{HEADER}-", "an empty decision"),
    (HEADER.upper(), "upper case: the protocol has lower"),
    (HEADER[1:], "a digit short"),
    ("0" + HEADER, "a digit long"),
    ("x" + HEADER[1:], "not hexadecimal"),
    (f"{HEADER}\r\nX-Injected: 1", "a header within the header"),
    (f"{HEADER}\n", "a line break, which $ would let pass"),
    (f"{HEADER},{HEADER}", "sent twice"),
    (f"{HEADER}-1;sentry-user_id=jane", "something behind it"),
    (f"jane@example.com {HEADER}", "something before it"),
    (f"{TRACE[:-1]}\u0663-{SPAN}", "a digit, but no ASCII one"),
    (f"00-{TRACE}-{SPAN}-01", "another protocol's header"),
    (HEADER * 100_000, "five megabytes"),
    ("-" * 1_000_000, "a megabyte of dashes"),
]


@pytest.mark.parametrize(("header", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_what_has_not_the_form_is_not_continued(header: str | None, why: str) -> None:
    """Anything but two ids and a decision begins a trace of its own, and decides nothing."""
    with begun(header) as scope:
        trace_id, parent = ids_of(scope)
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    assert trace_id != TRACE, why
    assert parent is None
    assert is_sampled_by(header) is None


@pytest.mark.parametrize(
    ("header", "decision", "why"),
    [
        (HEADER, None, "the decision is left to us"),
        (f"{HEADER}-1", True, "sampled"),
        (f"{HEADER}-0", False, "not sampled"),
        (f" \t{HEADER}-1 ", True, "blanks around, which HTTP allows"),
        (f"{'0' * 32}-{'0' * 16}-1", True, "zeros have the form"),
    ],
)
def test_what_has_the_form_is_continued(header: str, decision: bool | None, why: str) -> None:
    """Trace id and parent are taken over, and the caller's decision is read."""
    with begun(header) as scope:
        assert ids_of(scope) == tuple(header.strip().split("-")[:2]), why
    assert is_sampled_by(header) is decision, why


@given(st.text() | st.from_regex(r"[0-9a-fA-F]{30,34}-[0-9a-f]{14,18}(-[0-9a-z]{0,2})?"))
def test_nothing_else_of_a_header_is_taken(header: str) -> None:
    """For all headers: the ids are hexadecimal, and of the header's own text only with its form."""
    with begun(header) as scope:
        trace_id, parent = ids_of(scope)
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    if trace_id in header:
        assert header.strip(" \t").startswith(f"{trace_id}-{parent}")
    else:
        assert parent is None
        assert is_sampled_by(header) is None


def test_a_trace_of_its_own_each_time() -> None:
    """Without a caller's, no two requests share a trace."""
    seen = set()
    for _ in range(20):
        with begun(None) as scope:
            seen.add(ids_of(scope)[0])
    assert len(seen) == 20


# Whether it is recorded


def started(
    scope: sentry_sdk.Scope, header: str | None, *, rate: float | None, dice: float = 0.0
) -> Any:
    caller_sampled = is_sampled_by(header)
    throw = thrown(rate, caller_sampled, dice=lambda: dice)
    if throw is None:
        return None
    return start_transaction(scope, rate=rate, caller_sampled=caller_sampled, throw=throw)


def record(
    running: Running, header: str | None, *, rate: float | None, dice: float, **end: Any
) -> Any:
    """Record a request as the middle of one does, and return its transaction, or None."""
    with begun(header) as scope:
        transaction = started(scope, header, rate=rate, dice=dice)
        if transaction is not None:
            given = {"route": "/orders/<id>", "method": "GET", "status": 200, **end}
            finish_transaction(transaction, **given)
    return transaction


@pytest.mark.parametrize(
    ("header", "rate", "dice", "recorded", "sample_rate", "why"),
    [
        (None, 0.25, 0.2, True, "0.25", "our dice, below the rate"),
        (None, 0.25, 0.25, False, None, "our dice, at the rate"),
        (None, 0.25, 0.9, False, None, "our dice, above the rate"),
        (None, 1.0, 0.9999999, True, "1.0", "a rate of one records all"),
        (None, 0.0, 0.0, False, None, "a rate of zero records none"),
        (f"{HEADER}-1", 0.25, 0.9, True, "1.0", "the caller says yes"),
        (f"{HEADER}-0", 0.25, 0.0, False, None, "the caller says no"),
        (f"{HEADER}-0", 1.0, 0.0, False, None, "the caller says no, whatever the rate"),
        (HEADER, 0.25, 0.2, True, "0.25", "the caller leaves it to us"),
        (HEADER, 0.25, 0.3, False, None, "the caller leaves it to us"),
        ("garbage-1", 0.25, 0.3, False, None, "what has no form decides nothing"),
    ],
)
def test_who_decides_and_what_the_server_is_told(
    header: str | None,
    rate: float,
    dice: float,
    recorded: bool,
    sample_rate: str | None,
    why: str,
) -> None:
    """The caller's decision is honoured, else ours; the envelope says by which rate."""
    with telemetry(traces_sample_rate=rate) as running:
        transaction = record(running, header, rate=rate, dice=dice)
    assert (transaction is not None) == recorded, why
    transactions = running.kept.payloads("transaction")
    assert len(transactions) == recorded, why
    if recorded:
        (envelope,) = running.kept.headers
        assert float(envelope["trace"]["sample_rate"]) == float(str(sample_rate)), why
        assert envelope["trace"]["sampled"] == "true"
        assert 0.0 <= float(envelope["trace"]["sample_rand"]) < 1.0
        if header is not None:
            assert envelope["trace"]["trace_id"] == TRACE
            assert transactions[0]["contexts"]["trace"]["parent_span_id"] == SPAN


@pytest.mark.filterwarnings("ignore:Transaction-based profiling is deprecated:DeprecationWarning")
def test_a_transaction_is_what_the_sdk_would_have_started() -> None:
    """Where there is nothing for the SDK to decide it isn't asked, and all is as if it had been."""
    begun_by = []
    experiments = {"max_spans": 7}
    for options in ({}, {"profiles_sampler": lambda _: 0}):
        with (
            telemetry(
                traces_sample_rate=0.25, sentry_options={"_experiments": experiments, **options}
            ),
            begun(None) as scope,
        ):
            begun_by.append(started(scope, None, rate=0.25))
    ours, theirs = map(_fields, begun_by)
    of_each = {"_trace_id", "_span_id", "start_timestamp", "_start_timestamp_monotonic_ns"}
    assert theirs.pop("_profile").sampled is False
    assert ours.pop("_profile") is None
    assert ours["_span_recorder"] == {"maxlen": 6, "spans": [], "dropped_spans": 0}
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} <= of_each


def _fields(thing: Any) -> dict[str, Any]:
    """Return what an object of the SDK's with slots holds, and what those within it hold."""
    names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(thing, name) for name in names if hasattr(thing, name)}
    return {
        name: _fields(value) if type(value).__module__.startswith("sentry_sdk.tracing") else value
        for name, value in held.items()
    }


@pytest.mark.parametrize(
    ("wanted", "dice", "recorded", "why"),
    [
        (0.25, 0.2, True, "below the sampler's rate"),
        (0.25, 0.3, False, "above it"),
        (1.0, 0.999999, True, "all"),
        (0.0, 0.0, False, "none"),
        (True, 0.5, True, "a sampler may say yes"),
        (False, 0.5, False, "or no"),
        ("often", 0.0, False, "what is no rate records nothing"),
    ],
)
def test_a_sampler_of_the_user_s_decides(
    wanted: Any, dice: float, recorded: bool, why: str
) -> None:
    """With a traces_sampler the dice is thrown against its rate, not against zero."""
    asked: list[Any] = []

    def sampler(context: Any) -> Any:
        asked.append(context)
        return wanted

    with telemetry(sentry_options={"traces_sampler": sampler}) as running:
        assert running.config.traces_sample_rate is None
        assert running.config.traces
        record(running, None, rate=None, dice=dice)
    assert len(asked) == 1
    assert len(running.kept.payloads("transaction")) == recorded, why


def test_a_transaction_says_what_the_request_was() -> None:
    """Route, method, status and the ids are there; the operation is a server's."""
    with telemetry(traces_sample_rate=1.0) as running:
        record(running, f"{HEADER}-1", rate=1.0, dice=0.0, status=503, method="POST")
    (transaction,) = running.kept.payloads("transaction")
    assert transaction["transaction"] == "/orders/<id>"
    assert transaction["transaction_info"] == {"source": "route"}
    trace = transaction["contexts"]["trace"]
    assert trace["trace_id"] == TRACE
    assert trace["op"] == "http.server"
    assert trace["status"] == "unavailable"
    assert trace["data"]["http.response.status_code"] == 503
    assert trace["data"]["http.request.method"] == "POST"


def test_a_transaction_with_no_route_has_no_name_of_the_visitor_s() -> None:
    """What matched no route is called by the marker that Sentry has for it."""
    with telemetry(traces_sample_rate=1.0) as running:
        record(running, None, rate=1.0, dice=0.0, route=None, status=404)
    (transaction,) = running.kept.payloads("transaction")
    assert transaction["transaction"] == UNPARAMETERIZED
    assert transaction["transaction_info"] == {"source": "url"}


@pytest.mark.skipif(not STREAMS, reason="this SDK streams no spans")
def test_streamed_spans_are_sampled_once() -> None:
    """Of 800 requests at a rate of one half about half are recorded, not a quarter."""
    options = {"trace_lifecycle": "stream"}
    with telemetry(traces_sample_rate=0.5, sentry_options=options) as running:
        recorded = sum(record(running, None, rate=0.5, dice=0.0) is not None for _ in range(800))
    # Outside these bounds once in 10**12.
    assert 300 < recorded < 500


@pytest.mark.skipif(not STREAMS, reason="this SDK streams no spans")
def test_a_streamed_request_says_what_it_was() -> None:
    """The root of streamed spans has the route, the method and the caller's trace."""
    options = {"trace_lifecycle": "stream"}
    with telemetry(traces_sample_rate=1.0, sentry_options=options) as running:
        record(running, f"{HEADER}-1", rate=1.0, dice=0.0)
        record(running, f"{HEADER}-0", rate=1.0, dice=0.0)
        sentry_sdk.flush()
        (batch,) = running.kept.streamed()
    (span,) = batch["items"]
    assert span["name"] == "/orders/<id>"
    assert span["trace_id"] == TRACE
    assert "jane" not in json.dumps(span)


# The visitor's baggage


class Echo(BaseHTTPRequestHandler):
    """Keeps the headers it is sent."""

    seen: list[dict[str, str]]

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def echo() -> Iterator[HTTPServer]:
    Echo.seen = []
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("targets", [None, [".*"]], ids=["by default", "to every host"])
def test_a_visitor_s_baggage_goes_nowhere(echo: HTTPServer, targets: list[str] | None) -> None:
    """What a visitor sends as baggage is in no byte and in no header to another host."""
    options: dict[str, Any] = {"integrations": [StdlibIntegration()]}
    if targets is not None:
        options["trace_propagation_targets"] = targets
    with (
        telemetry(traces_sample_rate=1.0, sentry_options=options) as running,
        # As Django and Flask hand it to what reads all headers of a request.
        sentry_sdk.isolation_scope() as scope,
    ):
        begin_trace(scope, f"{HEADER}-1")
        scope.set_context("headers", {"baggage": BAGGAGE})
        transaction = started(scope, f"{HEADER}-1", rate=1.0)
        connection = HTTPConnection("127.0.0.1", echo.server_port, timeout=60)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()
        running.config.capture_message("hello")
        finish_transaction(transaction, route="/", method="GET", status=200)
    (headers,) = Echo.seen
    assert "jane" not in json.dumps(headers)
    assert "baggage" not in headers
    if targets is None:
        assert "sentry-trace" not in headers
    else:
        assert headers["sentry-trace"].startswith(TRACE)
    assert b"jane" not in running.kept.wire
    assert len(running.kept.bodies) == 2


def test_an_outgoing_call_is_a_span_where_it_is_asked_for(echo: HTTPServer) -> None:
    """By the SDK's integration by its name; what the visitor asked for is in no part of it."""
    given: Any = {"traces_sample_rate": 1.0, "instrument": ("stdlib",)}
    with telemetry(**given) as running:
        request = Request(running.config, Visitor(sent="Wilhelmina"))
        request.enter()
        connection = HTTPConnection("127.0.0.1", echo.server_port, timeout=60)
        connection.request("GET", "/people/Wilhelmina?mail=jane@example.com#Wilhelmina")
        assert connection.getresponse().status == 204
        connection.close()
        request.finish()
        request.leave()
        (transaction,) = running.kept.payloads("transaction")
    (span,) = transaction["spans"]
    assert span["op"] == "http.client"
    assert span["data"]["http.response.status_code"] == 204
    assert not re.search(b"(?i)wilhelmina|jane", running.kept.wire)
    (headers,) = Echo.seen
    assert not {"sentry-trace", "baggage", "traceparent"} & headers.keys()


CONTINUED = """
import sys
from http.client import HTTPConnection
import sentry_sdk
from sentry_sdk.integrations.stdlib import StdlibIntegration
from capturing import telemetry

options = {"trace_propagation_targets": [".*"], "integrations": [StdlibIntegration()]}
incoming = {"sentry-trace": sys.argv[2], "baggage": sys.argv[3]}
for rate in (0.0, 1.0):
    with telemetry(traces_sample_rate=rate, sentry_options=dict(options)):
        # As the SDK's own integrations do it with the headers of a request.
        transaction = sentry_sdk.continue_trace(incoming)
        with sentry_sdk.start_transaction(transaction):
            connection = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            print(sentry_sdk.get_baggage() or "none")
            print(sentry_sdk.get_current_scope().trace_propagation_meta())
            print(dict(sentry_sdk.get_current_scope().iter_trace_propagation_headers()))
with sentry_sdk.isolation_scope() as scope:
    # Another client in the same process keeps what it always did.
    scope.set_client(sentry_sdk.Client(dsn="http://key@127.0.0.1:9/1", default_integrations=False))
    sentry_sdk.continue_trace(incoming)
    print("other", sentry_sdk.get_baggage())
"""


def test_nor_does_what_the_sdk_continues_itself(echo: HTTPServer) -> None:
    """The SDK's own integrations take the visitor's baggage; it ends with them."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CONTINUED, str(echo.server_port), f"{HEADER}-1",
         BAGGAGE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ours, _, other = done.stdout.partition("other ")
    assert "jane" not in ours
    assert "sentry-trace" in ours
    assert "jane" in other
    assert len(Echo.seen) == 2
    for headers in Echo.seen:
        assert headers["sentry-trace"].startswith(TRACE)
        assert "baggage" not in headers
        assert "jane" not in json.dumps(headers)


# Queries


@pytest.mark.parametrize("lifecycle", ["static", *(["stream"] if STREAMS else [])])
def test_a_query_is_a_span_without_its_literals(lifecycle: str) -> None:
    """A statement is sent with placeholders in place of what it was given."""
    options = {"trace_lifecycle": lifecycle} if STREAMS else {}
    with telemetry(traces_sample_rate=1.0, sentry_options=options) as running:
        with begun(f"{HEADER}-1") as scope:
            transaction = started(scope, f"{HEADER}-1", rate=1.0)
            statement = "SELECT * FROM customer WHERE name = 'Jane Doe' AND id = %s"
            with QuerySpan(statement, system="sqlite", database="shop", runs=2) as span:
                span.set_rows(3)
                span.set_rows("many")
            finish_transaction(transaction, route="/", method="GET", status=200)
        sentry_sdk.flush()
        if lifecycle == "stream":
            running.kept.streamed()
    assert b"FROM customer" in running.kept.wire
    assert b"Jane" not in running.kept.wire
    assert b"returned_rows" in running.kept.wire


class Hostile:
    """A statement that can't be written."""

    def __str__(self) -> str:
        raise OSError("jane@example.com")


def test_a_query_never_fails_because_of_its_span() -> None:
    """Neither outside a request, nor for a statement that can't be written, nor when it raises."""
    with telemetry(traces_sample_rate=1.0):
        with QuerySpan("SELECT 1", system="sqlite", database="shop") as span:
            span.set_rows(1)
        with QuerySpan(Hostile(), system="sqlite", database="shop") as span:
            span.set_rows(-1)
        with pytest.raises(LookupError), QuerySpan("SELECT 1", system="sqlite", database="shop"):
            raise LookupError


@hypothesis_settings(max_examples=50)
@given(rate=st.floats(0.0, 1.0), dice=st.floats(0.0, 1.0, exclude_max=True))
def test_the_server_is_told_a_throw_that_fits_the_decision(rate: float, dice: float) -> None:
    """For all rates and throws: what is written is below one, and below the rate it was held to."""
    with telemetry(traces_sample_rate=1.0) as running:
        record(running, None, rate=rate, dice=dice)
    for envelope in running.kept.headers:
        thrown = float(envelope["trace"]["sample_rand"])
        assert 0.0 <= thrown < 1.0
        assert thrown < rate
