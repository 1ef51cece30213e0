"""The published list of what is sent, and the SDK that could outgrow it."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from processes import wait_until
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.crons import capture_checkin
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from telemetry_core.policy import table
from telemetry_core.policy.catalogue import unnamed_fields, what_is_sent

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_list_is_that_of_the_table() -> None:
    """``python -m telemetry_core.policy`` writes it again."""
    assert (DOCS / "what-is-sent.md").read_text() == what_is_sent()


def test_every_item_type_is_published() -> None:
    """A type that could leave without standing in the list would be a broken promise."""
    published = what_is_sent()
    for kind in table.ITEMS:
        assert kind in published


def test_every_rule_has_an_outcome() -> None:
    """A rule that is added says in a word what becomes of a field, for `telemetry policy`."""
    assert table.OUTCOMES.keys() == table.RULES.keys()


UNNAMED = [
    ({"message": "x"}, [], "a field with a row"),
    ({"surprise": "x"}, ["surprise"], "a field with none"),
    ({"surprise": {"a": 1}}, ["surprise"], "a mapping with none"),
    ({"exception": {"values": [{"surprise": 1}]}}, ["exception.[].surprise"], "under values"),
    ({"exception": [{"surprise": 1}]}, ["exception.[].surprise"], "in a bare list"),
    ({"extra": {"surprise": {"a": 1}}}, [], "what the app fills"),
    ({"contexts": {"mine": {"surprise": 1}}}, [], "a context of the app's"),
    ({"contexts": {"trace": {"surprise": 1}}}, ["contexts.trace.surprise"], "one of the SDK's"),
    ({"request": {"data": {"surprise": 1}}}, [], "what is dropped whole"),
]


@pytest.mark.parametrize(("event", "unnamed", "reason"), UNNAMED, ids=[row[2] for row in UNNAMED])
def test_a_field_without_a_row_is_noticed(event: Any, unnamed: list[str], reason: str) -> None:
    """The check that guards against a new SDK can fail."""
    assert unnamed_fields(table.EVENT, event) == unnamed


class Raw(Transport):
    """Keeps envelopes as the SDK hands them over, with no gate."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


@pytest.fixture(scope="module")
def raw() -> list[Envelope]:
    """Everything that the installed SDK sends when asked for all it can."""
    transport = Raw()
    streaming = "trace_lifecycle" in DEFAULT_OPTIONS
    for lifecycle in ("static", "stream") if streaming else ("static",):
        _send_everything(transport, lifecycle)
    return transport.envelopes


def _send_everything(transport: Raw, lifecycle: str) -> None:
    from sentry_sdk.integrations.logging import LoggingIntegration

    options: dict[str, Any] = {
        "dsn": "https://key@o1.ingest.telemetry.example/1", "transport": transport,
        "release": "1.2.3", "dist": "7", "traces_sample_rate": 1.0, "server_name": "host",
        "include_local_variables": True, "attach_stacktrace": True, "enable_logs": True,
        "send_client_reports": True, "profile_session_sample_rate": 1.0,
        "profile_lifecycle": "manual", "trace_lifecycle": lifecycle,
        "integrations": [LoggingIntegration()], "auto_enabling_integrations": False,
        "_experiments": {"enable_metrics": True, "enable_logs": True},
    }  # fmt: skip
    known = {name: value for name, value in options.items() if name in DEFAULT_OPTIONS}
    client = sentry_sdk.Client(**known)
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.set_user({"id": "1", "email": "e", "ip_address": "i", "username": "u"})
        scope.set_tag("a", "b")
        scope.set_extra("a", {"b": [1]})
        scope.set_context("mine", {"a": 1})
        scope.add_attachment(bytes=b"x", filename="x.txt")
        scope.start_session(session_mode="application")
        sentry_sdk.add_breadcrumb(message="m", category="c", data={"a": 1}, type="http")
        logging.getLogger("shop").error("an %s", "error", extra={"a": 1})
        try:
            try:
                raise OSError(2, "no such file")
            except OSError as cause:
                raise ExceptionGroup("several", [ValueError("v"), KeyError("k")]) from cause
        except ExceptionGroup as group:
            sentry_sdk.capture_exception(group)
        sentry_sdk.capture_message("message", level="warning")
        if lifecycle == "static":
            sentry_sdk.profiler.start_profiler()
            with sentry_sdk.start_transaction(op="task", name="name", source="task") as transaction:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    transaction.set_measurement("m", 1.0, "second")
                for op in ("db", "gen_ai.chat"):
                    with sentry_sdk.start_span(op=op, name="SELECT 1") as span:
                        span.set_tag("a", "b")
                        span.set_data("a", "b")
                        time.sleep(0.03)
            sentry_sdk.profiler.stop_profiler()
        else:
            from sentry_sdk import traces

            with traces.start_span("segment"), traces.start_span("child"):
                pass
        if importlib.util.find_spec("sentry_sdk.logger"):
            importlib.import_module("sentry_sdk.logger").info("log {a}", a=1)
        if hasattr(sentry_sdk, "metrics") and hasattr(sentry_sdk.metrics, "count"):
            sentry_sdk.metrics.count("orders", 1, attributes={"a": "b"})
        monitor_config: Any = {
            "schedule": {"type": "crontab", "value": "0 * * * *"}, "timezone": "UTC",
            "checkin_margin": 1, "max_runtime": 1, "failure_issue_threshold": 1,
            "recovery_threshold": 1,
        }  # fmt: skip
        capture_checkin(
            monitor_slug="job", status="ok", duration=1.5, monitor_config=monitor_config
        )
        scope.end_session()
        scope.start_session(session_mode="request")
        scope.end_session()
        thread = threading.Thread(target=lambda: sentry_sdk.capture_message("from a thread"))
        thread.start()
        thread.join()
        client.flush()
        if lifecycle == "stream":  # a thread of the SDK's may have taken them before
            wait_until(lambda: "span" in kinds_in(transport.envelopes), "streamed spans")
    client.close()


def kinds_in(envelopes: Iterable[Envelope]) -> set[str | None]:
    return {item.type for envelope in list(envelopes) for item in envelope.items}


EXPECTED = {
    "event",
    "transaction",
    "check_in",
    "session",
    "sessions",
    "attachment",
    "profile_chunk",
}


def test_the_sdk_was_made_to_send_every_type(raw: list[Envelope]) -> None:
    """The two tests below would hold of nothing, too."""
    kinds = kinds_in(raw)
    assert kinds >= EXPECTED
    if "trace_lifecycle" in DEFAULT_OPTIONS:
        assert kinds >= {"span", "log", "trace_metric"}


def test_every_item_type_of_the_installed_sdk_is_in_the_table(raw: list[Envelope]) -> None:
    """A type that a new SDK brings is dropped; this tells that somebody should decide on it."""
    kinds = kinds_in(raw)
    assert kinds - set(table.ITEMS) - {"attachment"} == set()


def test_every_field_of_the_installed_sdk_is_in_the_table(raw: list[Envelope]) -> None:
    """A field that a new SDK brings is dropped; this tells that somebody should decide on it."""
    unnamed: set[str] = set()
    for envelope in raw:
        for path in unnamed_fields(table.ENVELOPE_HEADERS, envelope.headers):
            unnamed.add(f"envelope headers: {path}")
        for item in envelope.items:
            for path in unnamed_fields(table.ITEM_HEADERS, item.headers):
                unnamed.add(f"item headers: {path}")
            if item.type in table.ITEMS:
                for path in unnamed_fields(table.ITEMS[item.type], item.payload.json):
                    unnamed.add(f"{item.type}: {path}")
    assert unnamed == set()
