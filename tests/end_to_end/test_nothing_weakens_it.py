"""Whatever is passed to the SDK, set in its environment or done by its integrations: nothing leaks.

Real applications behind real servers, each in a process of its own, that hand everything they know
of a visitor to the SDK in every way there is (`hostile_apps`). Everything received is searched for
the planted values, as bytes and in every form that `find_value` knows.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attacking import People, Visit, send, serving, visits
from sentry_sdk.consts import DEFAULT_OPTIONS

from telemetry_core.collector import Collector, CollectorError, Planted, find_leaks, find_value

STREAMS = "trace_lifecycle" in DEFAULT_OPTIONS
"""Whether this SDK can stream spans."""

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("django", "flask")),
    reason="both frameworks are attacked",
)

PERMISSIVE: dict[str, Any] = (
    # Every category that it isn't told of is collected.
    {"data_collection": {}} if "data_collection" in DEFAULT_OPTIONS else {"send_default_pii": True}
)
COPY_TO_US = {"SENTRY_SPOTLIGHT": "1"}
COPY_TO_OTHER = {"SENTRY_SPOTLIGHT": "{other}stream", "SENTRY_DSN": "{other_dsn}"}
STARTED_IN = {
    "SENTRY_TRACE": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    "SENTRY_BAGGAGE": "sentry-user_id={personal},other={personal}",
    "SENTRY_RELEASE": "{personal}",
    "SENTRY_ENVIRONMENT": "{personal}",
}
PRINTED = {"SENTRY_PRINT_ENVELOPES": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One application with one way to weaken the gate, or with several that go together.

    :param integration: ``ours`` alone; Sentry's own ``by name``, as ``TELEMETRY_INSTRUMENT`` has
        it, with ``send_default_pii``; or ``by object``, as ``integrations=`` has it, with the most
        permissive ``data_collection``.
    :param targets: the hosts that get trace headers.
    :param variables: what the environment says.
    """

    framework: str
    server: str = "wsgi"
    integration: str
    lifecycle: str
    targets: tuple[str, ...] = ()
    variables: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.framework} {self.server}, {self.integration}, {self.lifecycle}"

    @property
    def streams(self) -> bool:
        """Whether spans are streamed. The oldest SDK knows no other than static ones."""
        return STREAMS and self.lifecycle == "stream"

    def given(self) -> dict[str, Any]:
        """Return what the application is told: all that makes the SDK collect more."""
        options: dict[str, Any] = {"trace_propagation_targets": list(self.targets)}
        options |= PERMISSIVE if self.integration == "by object" else {"send_default_pii": True}
        if STREAMS:
            options |= {"trace_lifecycle": self.lifecycle, "profile_session_sample_rate": 1.0}
            options |= {"profile_lifecycle": "trace"}
        else:
            options |= {"profiles_sample_rate": 1.0}  # deprecated where sessions are profiled
        settings: dict[str, Any] = {"TELEMETRY_CONSENT": "hostile_apps.shop.permits"}
        given: dict[str, Any] = {"options": options, "settings": settings}
        if self.integration == "ours":
            # So that the SDK would write the headers of calls to other hosts.
            return {**given, "integrations": ["stdlib"]}
        options["default_integrations"] = True
        if self.integration == "by object":
            options["auto_enabling_integrations"] = True
            return {**given, "integrations": [self.framework]}
        settings["TELEMETRY_INSTRUMENT"] = [self.framework, "stdlib", "argv", "modules"]
        return given


# Each framework has Sentry's own on and off with static and streamed spans; the variables are those
# that don't exclude each other.
MATRIX = [
    Row(framework="flask", integration="ours", lifecycle="static", variables=COPY_TO_OTHER),
    Row(framework="flask", integration="ours", lifecycle="stream", targets=(".*",),
        variables=COPY_TO_US | STARTED_IN | PRINTED),
    Row(framework="flask", integration="by name", lifecycle="stream",
        variables=PRINTED | COPY_TO_OTHER),
    Row(framework="flask", integration="by object", lifecycle="static", targets=(".*",),
        variables=STARTED_IN | {"SENTRY_DEBUG": "1"}),
    Row(framework="django", integration="ours", lifecycle="static", targets=(".*",),
        variables=PRINTED | STARTED_IN),
    Row(framework="django", server="asgi", integration="ours", lifecycle="stream",
        variables=COPY_TO_OTHER | STARTED_IN),
    Row(framework="django", integration="by name", lifecycle="stream", targets=(".*",),
        variables=COPY_TO_US | PRINTED),
    Row(framework="django", server="asgi", integration="by object", lifecycle="static",
        variables=COPY_TO_OTHER | STARTED_IN),
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row: what was received, what the process printed, what other hosts saw."""

    collector: Collector
    planted: list[Planted]
    statuses: list[tuple[Visit, int]]
    printed: bytes
    headers_elsewhere: list[Mapping[str, str]]

    @property
    def permitted(self) -> list[tuple[Visit, int]]:
        return [(visit, status) for visit, status in self.statuses if not visit.refuses]


class Echo(BaseHTTPRequestHandler):
    """A host that applications call; keeps the headers it is sent, by path."""

    seen: dict[str, list[Mapping[str, str]]]

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.setdefault(self.path, []).append(headers)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def echo() -> Iterator[ThreadingHTTPServer]:
    Echo.seen = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """Attacks applications: each row's, with all visits."""

    folder: Path
    other: Collector
    echo: str

    def __call__(self, number: int, row: Row) -> Outcome:
        people, plan, path = People(), visits(), f"/{number}"
        given = {"personal": people.personal, "member": people.member, **row.given()}
        variables = {
            name: value.format(
                other=self.other.url, other_dsn=self.other.dsn, personal=people.personal
            )
            for name, value in row.variables.items()
        }
        log = self.folder / f"{number}.log"
        with Collector() as collector:
            given["dsn"] = collector.dsn
            with serving(
                row.framework, row.server, given=given, variables=variables, log=log
            ) as port:
                headers = {"X-Url": f"{self.echo}{path}"}
                statuses = [(visit, send(port, visit, headers)) for visit in plan]
        return Outcome(
            collector=collector,
            planted=[*people.planted(), *(one for visit in plan for one in visit.planted())],
            statuses=statuses,
            printed=log.read_bytes(),
            headers_elsewhere=Echo.seen.get(path, []),
        )


@pytest.fixture(scope="module")
def not_meant() -> Iterator[list[Collector]]:
    """Servers that nothing is meant for: another, and one where Spotlight is by default."""
    with ExitStack() as stack:
        listening = [stack.enter_context(Collector())]
        with suppress(CollectorError):  # somebody else listens there
            listening.append(stack.enter_context(Collector(port=8969)))
        yield listening


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory,
    not_meant: list[Collector],
    echo: ThreadingHTTPServer,
) -> Iterator[dict[str, Future[Outcome]]]:
    """All rows, two at a time; a test waits for its own."""
    attack = Attack(
        folder=tmp_path_factory.mktemp("hostile"),
        other=not_meant[0],
        echo=f"http://127.0.0.1:{echo.server_port}",
    )
    rows = [row for row in MATRIX if row.server == "wsgi" or importlib.util.find_spec("uvicorn")]
    with ThreadPoolExecutor(2) as pool:
        yield {str(row): pool.submit(attack, number, row) for number, row in enumerate(rows)}


@pytest.fixture
def outcome(row: Row, outcomes: dict[str, Future[Outcome]]) -> Outcome:
    if str(row) not in outcomes:
        pytest.skip("uvicorn isn't installed")
    return outcomes[str(row)].result()


in_every_row = pytest.mark.parametrize("row", MATRIX, ids=str)


def assert_nothing_of(planted: list[Planted], collector: Collector) -> None:
    body = collector.body()
    found = [one for one in planted if find_value(body, one.value)]
    leaks = list(dict.fromkeys(map(str, find_leaks(collector.store, found))))
    assert not found, "\n".join(leaks[:40])


def checkout_errors(collector: Collector) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for item in collector.items("event"):
        payload: Any = item.json
        values = (payload.get("exception") or {}).get("values") or [{}]
        if values[-1].get("type") == "CheckoutError":
            found.append(payload)
    return found


def spans_in(collector: Collector) -> list[dict[str, Any]]:
    batches: list[Any] = [item.json for item in collector.items("span")]
    return [span for batch in batches for span in batch["items"]]


@in_every_row
def test_nothing_planted_is_found(row: Row, outcome: Outcome) -> None:
    """Not in any byte received, headers included, in any form; nor in what is printed."""
    assert all(received.envelope is not None for received in outcome.collector.store)
    assert_nothing_of(outcome.planted, outcome.collector)
    # What the SDK says of itself when it is asked to is said on this machine, and stays there.
    if "SENTRY_DEBUG" not in row.variables:
        assert not [one for one in outcome.planted if find_value(outcome.printed, one.value)]


@in_every_row
def test_each_error_arrives_once_with_what_a_developer_needs(row: Row, outcome: Outcome) -> None:
    """However many integrations saw it: route, trace, message, and the frame with its source."""
    expected = Counter(
        visit.trace_id
        for visit, status in outcome.permitted
        if status == 500 or visit.path == "streams"
    )
    errors = checkout_errors(outcome.collector)
    assert Counter(error["contexts"]["trace"]["trace_id"] for error in errors) == expected
    for error in errors:
        assert re.fullmatch("/(a?orders|streams)/<path:name>/", error["transaction"])
        exception = error["exception"]["values"][-1]
        assert exception["value"].startswith("no checkout for ")
        assert exception["mechanism"]["handled"] is False
        [frame] = [f for f in exception["stacktrace"]["frames"] if f.get("function") == "serve"]
        assert frame["context_line"].strip().startswith("raise recording.CheckoutError(")
        assert frame["lineno"] > 0
        assert frame["filename"].endswith("shop.py")
        assert "vars" not in frame


@in_every_row
def test_each_request_is_recorded_once(row: Row, outcome: Outcome) -> None:
    """One transaction, or one root of streamed spans, whoever records it."""
    if not row.streams:
        payloads: list[Any] = [item.json for item in outcome.collector.items("transaction")]
        traces = [payload["contexts"]["trace"]["trace_id"] for payload in payloads]
    else:
        traces = [s["trace_id"] for s in spans_in(outcome.collector) if s.get("is_segment")]
    assert Counter(traces) == Counter(visit.trace_id for visit, _ in outcome.permitted)


@in_every_row
def test_the_other_signals_arrive_too(row: Row, outcome: Outcome) -> None:
    """A gate that let nothing through would be no use."""
    types = {item.type for item in outcome.collector.items()}
    assert {"event", "log", "trace_metric", "check_in", "attachment", "session"} <= types
    bodies: list[Any] = [item.payload for item in outcome.collector.items("attachment")]
    assert all(body.startswith(b"one\npaid by ") for body in bodies)
    # Ours records no transaction as the old profiler wants it.
    assert row.integration == "ours" or ("profile_chunk" if STREAMS else "profile") in types


@in_every_row
def test_nothing_of_a_visitor_who_refuses_leaves(row: Row, outcome: Outcome) -> None:
    """Sentry's integrations stand around the request and begin before anybody is asked."""
    [refused] = [visit.trace_id for visit, _ in outcome.statuses if visit.refuses]
    of_it = [one for one in outcome.collector.store if refused.encode() in one.body]
    items = [item for one in of_it if one.envelope is not None for item in one.envelope.items]
    assert {item.type for item in items} <= {"span"}
    names = {s["name"] for s in spans_in(outcome.collector) if s["trace_id"] == refused}
    # What has ended before any middleware is called, when nobody can be asked yet.
    assert names <= {"django.db.reset_queries", "django.db.close_old_connections"}


@in_every_row
def test_other_hosts_get_ids_at_most(row: Row, outcome: Outcome) -> None:
    """A host that is listed gets the trace's ids and the decision; no host gets any baggage."""
    (seen,) = outcome.headers_elsewhere
    assert set(seen) - {"host", "user-agent", "accept-encoding", "connection"} == (
        {"sentry-trace"} if row.targets else set()
    )
    if row.targets:
        [trace_id] = [visit.trace_id for visit, _ in outcome.statuses if visit.path == "calls"]
        assert re.fullmatch(rf"{trace_id}-[0-9a-f]{{16}}-1", seen["sentry-trace"])


def test_bytes_go_nowhere_else(
    outcomes: dict[str, Future[Outcome]], not_meant: list[Collector]
) -> None:
    """Whatever the environment says of servers and copies: nothing arrives there."""
    for outcome in outcomes.values():
        outcome.result()
    assert [listening.body() for listening in not_meant] == [b""] * len(not_meant)


REFUSED_OPTIONS = {
    "spotlight": True,
    "instrumenter": "otel",
    "_experiments": {"otel_powered_performance": True},
}
REFUSED_NAMES = [
    name
    for name in ("opentelemetry", "otlp")
    if importlib.util.find_spec(f"sentry_sdk.integrations.{name}") is not None
]


@pytest.mark.parametrize("framework", ["django", "flask"])
def test_an_application_that_asks_for_a_way_around_does_not_start(
    framework: str, tmp_path: Path
) -> None:
    """It gives the reason against each, and sends nothing."""
    people = People()
    with Collector() as collector:
        given = {
            "dsn": collector.dsn,
            "personal": people.personal,
            "options": REFUSED_OPTIONS,
            "settings": {"TELEMETRY_INSTRUMENT": REFUSED_NAMES},
        }
        with (
            pytest.raises(AssertionError) as refused,
            serving(framework, given=given, log=tmp_path / "log"),
        ):
            pass
        said = str(refused.value)
        assert "SettingsError" in said
        assert said.count("TELEMETRY_INSTRUMENT") >= len(REFUSED_NAMES)
        for reason in ("copy of everything", "past the gate", "every host"):
            assert reason in said
        assert collector.body() == b""


@pytest.mark.parametrize(("framework", "integrations"), [("django", True), ("flask", False)])
def test_another_client_gets_nothing_of_our_requests(
    framework: str, integrations: bool, tmp_path: Path
) -> None:
    """A second ``sentry_sdk.init()`` is noticed, and in requests it is still ours that speaks."""
    people, plan, log = People(), visits()[2:4], tmp_path / "log"
    with Collector() as collector, Collector() as other:
        second = {"dsn": other.dsn, "traces_sample_rate": 1.0, **PERMISSIVE}
        second["auto_enabling_integrations"] = integrations
        given = {"dsn": collector.dsn, "personal": people.personal, "member": people.member}
        with serving(framework, given={**given, "second": second}, log=log) as port:
            assert {send(port, visit) for visit in plan} == {500}
        assert len(checkout_errors(collector)) == len(plan)
        planted = [*people.planted(), *(one for visit in plan for one in visit.planted())]
        assert_nothing_of(planted, collector)
        if other.body():
            assert_nothing_of(planted, other)
        assert "no longer telemetry's" in log.read_text(encoding="utf-8")
