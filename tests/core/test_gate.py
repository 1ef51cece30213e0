"""The gate: everything the SDK sends passes it, with any transport, and nothing makes it raise."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from unittest.mock import ANY

import pytest
import sentry_sdk
from capturing import DSN, Kept, telemetry
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.envelope import Envelope, Item, PayloadRef
from sentry_sdk.transport import HttpTransport, Transport

from telemetry_core import PIIFilter, attach_text
from telemetry_core.attachments import FILTERED_TEXT
from telemetry_core.circumstances import Circumstances
from telemetry_core.collector import Collector
from telemetry_core.config import TelemetryConfig
from telemetry_core.drops import Drops
from telemetry_core.filter.text import Remark, TextFilter
from telemetry_core.gate import Gate
from telemetry_core.settings import Settings
from telemetry_core.transports import gated_part, gated_transport

EMAIL = "jane.roe@mail.example.org"
EVERYTHING = frozenset(("event", "transaction", "feedback", "check_in", "profile", "attachment"))


def make_gate(texts: TextFilter | None = None, **circumstances: Any) -> tuple[Gate, Drops]:
    drops = Drops()
    given = Circumstances(**{"admitted": EVERYTHING, **circumstances})
    policy = PIIFilter(texts=texts).policy
    return Gate(policy=policy, drops=drops, circumstances=lambda: given), drops


def envelope_of(payload: Any, kind: str = "event", **headers: Any) -> Envelope:
    envelope = Envelope(headers=headers)
    envelope.add_item(Item(PayloadRef(json=payload), type=kind))
    return envelope


def sent(gate: Gate, envelope: Envelope) -> bytes:
    admitted = gate.admit(envelope)
    return admitted.serialize() if admitted is not None else b""


def test_the_envelope_and_its_items_are_new() -> None:
    """Nothing is edited in place: what the app or another hook holds stays as it was."""
    gate, _ = make_gate()
    payload = {"message": f"to {EMAIL}", "extra": {"operation": [EMAIL]}, "user": {"email": EMAIL}}
    original = envelope_of(payload, event_id="a" * 32, trace={"user_id": "jane"})
    before = copy.deepcopy((payload, original.headers, original.items[0].headers))
    assert EMAIL.encode() not in sent(gate, original)
    assert (payload, original.headers, original.items[0].headers) == before
    assert original.items[0].payload.json is payload


def test_a_payload_that_was_serialised_before_is_filtered_all_the_same() -> None:
    """The SDK caches an item's bytes; a gate that changed the item's JSON would change nothing."""
    gate, _ = make_gate()
    envelope = envelope_of({"message": EMAIL})
    envelope.serialize()
    assert EMAIL.encode() not in sent(gate, envelope)


def test_bytes_are_parsed_and_filtered() -> None:
    """Some items come as bytes; they are read like the others, or dropped."""
    gate, drops = make_gate()
    envelope = Envelope()
    for body in (json.dumps({"message": EMAIL}).encode(), b"jane", b"\xff\xfe", b"[1]", b""):
        envelope.add_item(Item(PayloadRef(bytes=body), type="event"))
    body = sent(gate, envelope)
    assert body.count(b'"type":"event"') == 1
    assert b"[EMAIL]" in body
    assert b"jane" not in body
    assert sum(drops.counts().values()) == 4


@pytest.mark.parametrize(
    "kind", ["replay_event", "replay_recording", "user_report", "statsd", "jane", "", None, 7, []],
    ids=repr,
)  # fmt: skip
def test_an_unknown_type_is_dropped_and_counted_without_its_name(kind: Any) -> None:
    """A type is somebody's text, too, unless the protocol knows it."""
    gate, drops = make_gate()
    envelope = envelope_of({"message": "x"}, kind="event")
    envelope.items[0].headers["type"] = kind
    assert gate.admit(envelope) is None
    [(reason, shown)] = drops.counts()
    assert reason == "unknown_type"
    assert shown in ("unknown", "replay_event", "replay_recording")


def test_headers_leave_by_name_and_form_only() -> None:
    """Of the visitor's own baggage nothing is left in the envelope's trace header."""
    gate, _ = make_gate()
    trace = {
        "trace_id": "a" * 32, "sample_rate": "0.1", "sampled": "true", "user_id": EMAIL,
        "transaction": f"/x/{EMAIL}", "public_key": "key", "replay_id": EMAIL, "org_id": "4711",
    }  # fmt: skip
    envelope = envelope_of({"message": "x"}, event_id="a" * 32, dsn=EMAIL, trace=trace)
    envelope.items[0].headers |= {"filename": "jane.txt", "jane": "x", "length": 7}
    first, second, _ = sent(gate, envelope).split(b"\n", 2)
    assert json.loads(first) == {
        "event_id": "a" * 32,
        "trace": {"trace_id": "a" * 32, "sample_rate": "0.1", "sampled": "true",
                  "public_key": "key", "org_id": "4711"},
    }  # fmt: skip
    assert set(json.loads(second)) == {"type", "content_type", "length", "filename"}


@pytest.mark.parametrize("permitted", [True, False])
def test_spans_beside_their_transaction_are_of_its_request(permitted: bool) -> None:
    """The SDK takes spans of AI models out of a transaction; a batch of spans comes alone."""
    admitted = EVERYTHING if permitted else frozenset(("event",))
    gate, _ = make_gate(admitted=admitted, known=(("Jane Roe", "[INPUT]"),))
    span = {"name": "chat with Jane Roe", "attributes": {"operation": "for Jane Roe"}}
    envelope = envelope_of({"type": "transaction", "spans": []}, "transaction")
    envelope.add_item(Item(PayloadRef(json={"items": [span]}), type="span"))
    body = sent(gate, envelope)
    assert b"Jane" not in body
    assert (b"chat with [INPUT]" in body) is permitted
    assert (body == b"") is not permitted
    assert b"chat" in sent(gate, envelope_of({"items": [span]}, "span"))


def test_attachments_are_dropped_whatever_they_hold() -> None:
    """Nobody can read a file for personal data; its name alone may hold some."""
    with telemetry() as running:
        scope = sentry_sdk.get_isolation_scope()
        scope.add_attachment(bytes=EMAIL.encode(), filename=f"{EMAIL}.txt")
        scope.add_attachment(path=__file__, content_type="text/plain")
        running.config.capture_message("hello")
        assert [item.type for item in running.kept.items()] == ["event"]
        assert running.config.drops.counts()["attachment", "attachment"] == 2


def test_text_that_is_attached_for_filtering_is_sent_filtered() -> None:
    """An app can hand over text, and every line of it is read."""
    with telemetry() as running:
        attach_text(f"one\nto {EMAIL}\npassword=hunter2secret\n", name="job.log")
        attach_text("x" * 1_500_000, name="/home/jane/x.log")
        running.config.capture_message("hello")
        first, second = running.kept.items("attachment")
        assert first.headers["filename"] == "job.log"
        assert first.payload.decode() == "one\nto [EMAIL]\npassword=[SECRET]\n"
        assert second.headers["filename"] == "attachment.txt"
        assert len(second.payload) == 1_000_000
        assert b"jane" not in running.kept.wire


class Failing(TextFilter):
    """A filter whose detectors fail on some texts."""

    def passes(self, text: str) -> bool:  # nothing is told at a glance
        return False

    def prime(self, texts: Iterable[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        return {}

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        if "boom" in text:
            raise RuntimeError(f"no way to read {text}")
        return super().filter_with_remarks(text)


def test_what_fails_to_be_filtered_is_dropped_and_the_rest_is_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A detector that raises costs one item, and its log line tells the type of error alone."""
    gate, drops = make_gate(Failing())
    envelope = envelope_of({"message": f"boom {EMAIL}"})
    envelope.add_item(Item(PayloadRef(json={"message": "fine"}), type="event"))
    with caplog.at_level(logging.DEBUG, logger="telemetry_core"):
        body = sent(gate, envelope)
    assert body.count(b'"type":"event"') == 1
    assert b"fine" in body
    assert drops.counts() == {("filter_error", "event"): 1}
    assert "RuntimeError" in caplog.text
    assert "jane" not in caplog.text
    assert "boom" not in caplog.text


class Raising(Mapping[str, Any]):
    """A mapping that raises as soon as it is looked into."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(EMAIL)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError(EMAIL)

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("place", ["envelope headers", "item headers", "payload", "inside"])
def test_a_mapping_that_raises_reaches_nobody(place: str) -> None:
    """Wherever it stands, the caller sees nothing of it."""
    gate, drops = make_gate()
    raising: Any = Raising()
    envelope = envelope_of({"message": "x", "extra": raising if place == "inside" else {}})
    if place == "envelope headers":
        envelope.headers = raising
    elif place == "item headers":
        envelope.items[0].headers = raising
    elif place == "payload":
        envelope.items[0].payload.json = raising
    headers, *item = sent(gate, envelope).splitlines()[::2] or [b""]
    assert headers in (b"", b"{}")
    # What can be read leaves without the headers that can't.
    assert item == ([b'{"message":"x","extra":{}}'] if place == "envelope headers" else [])
    assert sum(drops.counts().values()) == 1


class Typed(Raising):
    """Headers that tell the type of their item and nothing else."""

    def get(self, key: str, default: Any = None) -> Any:
        return "event"


def test_an_item_whose_headers_cannot_be_read_has_those_it_needs() -> None:
    """They are filtered when the item is serialised; by then it is clear that it may leave."""
    gate, drops = make_gate()
    envelope = envelope_of({"message": "x"})
    headers: Any = Typed()
    envelope.items[0].headers = headers
    _, header, _ = sent(gate, envelope).splitlines()
    assert json.loads(header) == {"type": "event", "content_type": "application/json", "length": 15}
    assert drops.counts() == {("gate_error", "item headers"): 1}


def test_a_transport_that_raises_does_not_reach_the_app() -> None:
    """The app captures a message; what the transport does with it is telemetry's trouble."""

    class Broken(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            raise ConnectionError(EMAIL)

    for transport in (Broken, Broken()):
        with telemetry(sentry_options={"transport": transport}) as running:
            running.config.capture_message("hello")
            running.config.flush(0.1)
            assert running.config.drops.counts()["transport_error", "envelope"] == 1


TRANSPORTS = ["class", "object", "function", "default"]


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_any_transport_stands_behind_the_gate(kind: str) -> None:
    """A class, an object, a function of events, or the SDK's own over a real socket."""
    kept = Kept()
    events: list[Any] = []
    with Collector() as collector, warnings.catch_warnings():
        transport = {
            "class": kept.transport,
            "object": kept.transport(),
            "function": events.append,
            "default": None,
        }[kind]
        settings = {"sentry_options": {"transport": transport}, "dsn": collector.dsn}
        with telemetry(**settings) as running:
            running.config.capture_message(f"hello {EMAIL}")
            assert gated_part(sentry_sdk.get_client().transport, running.config.gate) is not None
            running.config.flush()
        seen = kept.wire + json.dumps(events).encode() + collector.body()
    assert b"hello [EMAIL]" in seen
    assert EMAIL.encode() not in seen


class Adding(HttpTransport):
    """A transport of a user's that adds to what it is given."""

    def capture_envelope(self, envelope: Envelope) -> None:
        envelope.headers["trace"] = {"user_id": EMAIL, "trace_id": "a" * 32}
        envelope.add_item(Item(PayloadRef(json={"message": f"added {EMAIL}"}), type="event"))
        envelope.add_item(Item(PayloadRef(bytes=EMAIL.encode()), type="attachment"))
        super().capture_envelope(envelope)


def test_what_a_transport_adds_behind_the_gate_passes_it_too() -> None:
    """The SDK's transports send only what was filtered, whoever put it into the envelope."""
    with (
        Collector() as collector,
        telemetry(dsn=collector.dsn, sentry_options={"transport": Adding}) as running,
    ):
        running.config.capture_message("hello")
        running.config.flush()
    assert [item.type for item in collector.items()] == ["event", "event"]
    assert b"added [EMAIL]" in collector.body()
    assert EMAIL.encode() not in collector.body()
    assert collector.envelopes[0].headers["trace"] == {"trace_id": "a" * 32}


ATTACHED_NAMES = [
    ("job.log", "job.log", "a name of nothing"),
    ("/home/jane/x.log", "attachment.txt", "a path"),
    ("jdoering.txt", "attachment.txt", "somebody's, known from the request"),
    ("91.120.33.77.log", "attachment.txt", "an address"),
    (f"ghp_{'a1b2c3' * 6}.txt", "attachment.txt", "a token"),
]


@pytest.mark.parametrize(("name", "sent_as", "why"), ATTACHED_NAMES, ids=str)
def test_the_name_of_an_attached_text_names_nobody(name: str, sent_as: str, why: str) -> None:
    """It stands in the item's header, where no rule for texts looks."""
    gate, _ = make_gate(known=(("jdoering", "[USER]"),))
    envelope = Envelope()
    item = Item(PayloadRef(bytes=b"x"), type="attachment", filename=name)
    item.headers["content_type"] = FILTERED_TEXT
    envelope.add_item(item)
    header = sent(gate, envelope).split(b"\n")[1]
    assert json.loads(header)["filename"] == sent_as, why


@pytest.mark.parametrize("field", ["release", "dist", "environment", "logger", "transaction"])
def test_labels_of_an_event_are_without_what_is_known(field: str) -> None:
    """Whoever makes events by hand may put anything there; what was seen before changes nothing."""
    gate, _ = make_gate()
    assert b"jdoering" in sent(gate, envelope_of({field: "jdoering"}))
    known = Circumstances(admitted=EVERYTHING, known=(("jdoering", "[USER]"),))
    asking = Gate(policy=gate._policy, drops=Drops(), circumstances=lambda: known)
    assert b"jdoering" not in sent(asking, envelope_of({field: "jdoering"}))


@pytest.mark.parametrize("experiment", ["transport_http2", "transport_async"])
def test_the_sdks_other_transports_stand_behind_the_gate(experiment: str) -> None:
    """HTTP/2 and the asynchronous transport are taken where the SDK would take them."""
    pytest.importorskip("httpcore")
    transports = pytest.importorskip("sentry_sdk.transport")
    wanted = {"transport_http2": "Http2Transport", "transport_async": "AsyncHttpTransport"}
    if not hasattr(transports, wanted[experiment]):
        pytest.skip("this SDK has no such transport")
    from sentry_sdk.integrations.asyncio import AsyncioIntegration

    async def run() -> tuple[str, bytes]:
        with Collector() as collector:
            config = TelemetryConfig(
                Settings(
                    enabled=True,
                    dsn=collector.dsn,
                    traces_sample_rate=0.0,
                    profiles_sample_rate=0.0,
                    sentry_options={
                        "transport": None,
                        "_experiments": {experiment: True},
                        "integrations": [AsyncioIntegration()],
                    },
                )
            )
            config.initialize(process_wide=False)
            assert config.client is not None
            name = type(config.client.transport).__name__
            with sentry_sdk.isolation_scope() as scope:
                scope.set_client(config.client)
                sentry_sdk.capture_message(f"hello {EMAIL}")
                if experiment == "transport_async":
                    await config.client.flush_async(timeout=60)
                else:
                    await asyncio.to_thread(config.client.flush, 60)
            body = collector.body()
            pool = config.client.transport._pool
            if experiment == "transport_async":
                await config.client.close_async(timeout=1)
                await pool.aclose()
            else:
                config.client.close(timeout=1)
                pool.close()
            return name, body

    name, body = asyncio.run(run())
    assert name == f"Gated{wanted[experiment]}"
    assert b"hello [EMAIL]" in body
    assert EMAIL.encode() not in body


class Recording(TextFilter):
    """A filter that notes on which thread it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[str] = set()

    def prime(self, texts: Iterable[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        self.threads.add(threading.current_thread().name)
        return super().prime(texts)

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        self.threads.add(threading.current_thread().name)
        return super().filter_with_remarks(text)


def test_the_thread_that_captures_does_not_filter() -> None:
    """An event's text is read on the transport's worker, after the request has gone on."""
    texts = Recording()
    with Collector() as collector:
        config = TelemetryConfig(
            Settings(enabled=True, dsn=collector.dsn, profiles_sample_rate=0.0),
            pii_filter=PIIFilter(texts=texts, trusted=("production", collector.dsn[7:39])),
        )
        config.initialize(process_wide=False)
        with sentry_sdk.isolation_scope() as scope:
            scope.set_client(config.client)
            scope.set_new_propagation_context()
            sentry_sdk.set_tag("operation", EMAIL)
            try:
                raise ValueError(f"no {EMAIL}")
            except ValueError as error:
                sentry_sdk.capture_exception(error)
            config.flush()
        config.shutdown()
        assert b"no [EMAIL]" in collector.body()
    assert texts.threads == {"sentry-sdk.BackgroundWorker"}


def test_capturing_goes_on_while_the_filter_is_slow() -> None:
    """A filter that takes its time holds up its worker and nobody else."""
    release = threading.Event()

    class Slow(Failing):
        def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
            release.wait(60)
            return super().filter_with_remarks(text)

    with Collector() as collector:
        config = TelemetryConfig(
            Settings(enabled=True, dsn=collector.dsn, profiles_sample_rate=0.0),
            pii_filter=PIIFilter(texts=Slow(), trusted=("production", collector.dsn[7:39])),
        )
        config.initialize(process_wide=False)
        with sentry_sdk.isolation_scope() as scope:
            scope.set_client(config.client)
            scope.set_new_propagation_context()
            for number in range(5):
                sentry_sdk.capture_message(f"hello {EMAIL} {number}")
            assert not release.is_set()
            assert collector.body() == b""
            release.set()
            config.flush()
        config.shutdown()
        assert len(collector.items(type="event")) == 5


def test_a_request_with_nothing_left_in_it_is_not_made() -> None:
    """Where every item of an envelope was dropped, no bytes leave at all."""
    with Collector() as collector:
        config = TelemetryConfig(
            Settings(enabled=True, dsn=collector.dsn, profiles_sample_rate=0.0),
            pii_filter=PIIFilter(texts=Failing()),
        )
        config.initialize(process_wide=False)
        with sentry_sdk.isolation_scope() as scope:
            scope.set_client(config.client)
            sentry_sdk.capture_message("boom")
            config.flush()
        config.shutdown()
        assert collector.body() == b""
        assert config.drops.counts() == {("filter_error", "event"): 1}


def test_client_reports_pass_the_gate_too() -> None:
    """The SDK adds them to an envelope at the last moment, behind everybody's hooks."""
    with Collector() as collector:
        config = TelemetryConfig(
            Settings(
                enabled=True,
                dsn=collector.dsn,
                profiles_sample_rate=0.0,
                sentry_options={"send_client_reports": True},
            )
        )
        config.initialize(process_wide=False)
        assert config.client is not None
        transport: Any = config.client.transport
        transport.record_lost_event(f"Reason of {EMAIL}", data_category="error")
        transport.record_lost_event("before_send", data_category="error")
        transport._last_client_report_sent = time.time() - 120
        with sentry_sdk.isolation_scope() as scope:
            scope.set_client(config.client)
            sentry_sdk.capture_message("hello")
            config.flush()
        config.shutdown()
        [report] = collector.items(type="client_report")
        assert EMAIL.encode() not in collector.body()
    assert isinstance(report.json, dict)
    assert {"reason": "before_send", "category": "error", "quantity": 1} in report.json[
        "discarded_events"
    ]


@pytest.mark.parametrize("kind", ["log", "trace_metric", "span", "session", "sessions"])
def test_a_batch_is_not_judged_by_the_request_in_which_it_is_flushed(kind: str) -> None:
    """What was collected over many requests leaves, though the one at hand permits nothing."""
    gate, drops = make_gate(admitted=frozenset())
    body = sent(gate, envelope_of({"items": [{"body": "x"}], "init": True}, kind=kind))
    assert kind.encode() in body
    assert drops.counts() == {}


def test_an_item_that_is_not_admitted_is_counted() -> None:
    """Without permission an event does not leave, and there is a count of it."""
    gate, drops = make_gate(admitted=frozenset())
    assert gate.admit(envelope_of({"message": "x"})) is None
    assert drops.counts() == {("consent", "event"): 1}


def test_known_values_have_the_token_of_what_they_are() -> None:
    """An address that the visitor typed is an address first."""
    known = ((EMAIL, "[INPUT]"), ("Jane Roe", "[USER]"), ("blue shoes", "[INPUT]"))
    gate, _ = make_gate(known=known)
    body = sent(gate, envelope_of({"message": f"{EMAIL}, JANE ROE, blue+shoes"}))
    assert b'"[EMAIL], [USER], [INPUT]"' in body


def test_the_session_is_named_by_the_gate_and_by_nobody_else() -> None:
    """Whatever the app or an SDK integration put into ``user``, the current session is there."""
    gate, _ = make_gate(session_id="f" * 32)
    user = {"id": EMAIL, "username": "jane"}
    body = sent(gate, envelope_of({"user": user, "tags": {"session_id": "jane"}}))
    payload = json.loads(body.split(b"\n")[2])
    assert payload["user"] == {"id": "f" * 32}
    assert payload["tags"] == {"session_id": "f" * 32}
    assert b"jane" not in body


def test_the_number_of_items_in_a_batch_is_that_of_what_is_sent() -> None:
    """A batch whose header counts more items than it holds is refused by servers."""
    gate, _ = make_gate()
    envelope = envelope_of({"items": [{"body": "x"}, 7, {"body": "y"}]}, kind="log")
    envelope.items[0].headers["item_count"] = 3
    assert json.loads(sent(gate, envelope).split(b"\n")[1])["item_count"] == 2


def test_a_batch_with_nothing_left_in_it_is_not_sent() -> None:
    """Servers refuse an empty one."""
    gate, _ = make_gate()
    assert b'"type"' not in sent(gate, envelope_of({"items": [7]}, kind="log"))


def test_a_filtered_payload_gives_no_way_to_the_original() -> None:
    """A transport that looks at the payload instead of serialising it sees what is sent."""
    gate, _ = make_gate()
    admitted = gate.admit(envelope_of({"message": EMAIL}))
    assert admitted is not None
    [item] = admitted.items
    assert item.payload.json == {"message": "[EMAIL]", "_meta": ANY}
    assert item.payload.path is None
    assert item.payload.bytes == item.get_bytes()
    assert EMAIL not in repr(item.payload.json)
    assert admitted.get_event() == item.payload.json


def test_headers_give_no_way_to_the_original_and_can_be_changed() -> None:
    """They are filtered when a transport looks at them, which may then put in its own."""
    gate, _ = make_gate()
    given: dict[str, Any] = {"event_id": "a" * 32, "dsn": EMAIL, "trace": {"user_id": EMAIL}}
    admitted = gate.admit(envelope_of({"message": "x"}, **given))
    assert admitted is not None
    assert admitted.headers == {"event_id": "a" * 32, "trace": {}}
    admitted.headers["sent_at"] = "now"
    assert json.loads(admitted.serialize().split(b"\n")[0])["sent_at"] == "now"
    admitted.headers = {"sent_at": "later"}
    assert admitted.serialize().startswith(b'{"sent_at":"later"}\n')
    [item] = admitted.items
    assert item.type == "event"
    item.headers["content_type"] = "text/x-other"
    assert b"text/x-other" in admitted.serialize()


def test_hostile_events_are_answered_in_time_and_change_nothing() -> None:
    """Loops, 10,000 levels, 50 MB, bytes, objects: sent cut, or dropped, and never raised."""
    gate, _ = make_gate()
    loop: dict[str, Any] = {}
    loop["level"] = loop
    deep: dict[str, Any] = {"level": EMAIL}
    for _ in range(10_000):
        deep = {"level": deep}
    hostile: list[Any] = [
        loop, deep, {"message": f"é {EMAIL} " * 2_000_000}, {"operation": EMAIL.encode()},
        {"operation": object()}, {"operation": float("nan")}, {"operation": 10**400},
        {"operation": {1: {2: EMAIL}}}, {"operation": {EMAIL}}, {"operation": "\udfff" + EMAIL},
    ]  # fmt: skip
    started = time.monotonic()
    for extra in hostile:
        body = sent(gate, envelope_of({"message": "x", "extra": extra, "tags": extra}))
        assert EMAIL.encode() not in body
    assert time.monotonic() - started < 60
    assert loop == {"level": loop}


def test_an_instance_is_gated_only_by_its_own_gate() -> None:
    """`gated_part` finds the transport behind this gate, also inside the SDK's printer."""
    gate, _ = make_gate()
    other, _ = make_gate()
    laid_over = gated_transport(HttpTransport, gate)
    assert isinstance(laid_over, type)
    transport = laid_over({**DEFAULT_OPTIONS, "dsn": DSN})
    assert gated_part(transport, gate) is transport
    assert gated_part(transport, other) is None
    assert gated_part(None, gate) is None

    class Printer(Transport):
        def __init__(self, inner: Transport) -> None:
            self._inner = inner

        def capture_envelope(self, envelope: Envelope) -> None:
            raise AssertionError("never called")

    assert gated_part(Printer(transport), gate) is transport
