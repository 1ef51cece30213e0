"""What runs inside the SDK: events are described, and signals stopped that have no permission."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, inside, telemetry
from sentry_sdk import logger
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.feature_flags import add_feature_flag
from sentry_sdk.integrations.logging import LoggingIntegration

from telemetry_core.drops import LOGGER_NAME
from telemetry_core.request import Request

METRICS: dict[str, Any] = (
    {} if "before_send_metric" in DEFAULT_OPTIONS else {"_experiments": {"enable_metrics": True}}
)
LOGS: dict[str, Any] = {"enable_logs": True} if "enable_logs" in DEFAULT_OPTIONS else {}
OPTIONS: dict[str, Any] = {**LOGS, **METRICS}
STREAMS = "trace_lifecycle" in DEFAULT_OPTIONS
streaming = pytest.mark.skipif(not STREAMS, reason="this SDK streams no spans")


class Facts:
    """A request of somebody who is logged in and looks for something."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.headers = headers or {}

    request = None
    method = "GET"

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    def route(self) -> str | None:
        return "/search"

    def visitor_values(self) -> Iterable[str]:
        return ["blue suede shoes", "30161234567"]

    def stamp(self) -> list[object]:
        return [object()]

    def visitor_key(self) -> tuple[str, str] | None:
        return None

    def user_values(self) -> Iterable[str]:
        return ["Jane Doe", "jdoering"]


def entered(
    running: Running, headers: Mapping[str, str] | None = None
) -> AbstractContextManager[Request]:
    return inside(Request(running.config, Facts(headers)))


def count(name: str, attributes: dict[str, Any]) -> None:
    # In older SDKs it is an experiment, in a module of another name.
    metrics: Any = getattr(sentry_sdk, "metrics", None) or import_module("sentry_sdk._metrics")
    metrics.count(name, 1, attributes=attributes)


def signal(running: Running) -> None:
    """Make a log and a metric of what the visitor sent."""
    logger.error("Jane Doe looks for blue suede shoes", attributes={"message": "of Jane Doe"})
    count("searches", {"operation": "blue suede shoes"})
    sentry_sdk.flush()


def kinds(running: Running) -> list[str]:
    # Counts of requests go along; they say nothing of a visitor.
    return sorted({item.type for item in running.kept.items()} - {"sessions"})


# Permission and known values


def test_signals_of_a_request_are_without_what_is_known_of_its_visitor() -> None:
    """Logs and metrics are sent later, with those of others; what is known is taken out at once."""
    with telemetry(sentry_options=OPTIONS) as running, entered(running) as request:
        signal(running)
        session_id = request.session_id
    assert kinds(running) == ["log", "trace_metric"]
    (log,) = running.kept.payloads("log")[0]["items"]
    assert log["body"] == "[USER] looks for [INPUT]"
    assert log["attributes"]["session_id"]["value"] == session_id
    for value in (b"Jane", b"suede"):
        assert value not in running.kept.wire


class Lying(str):
    """A text that denies what it holds."""

    def lower(self) -> str:
        return ""

    def isascii(self) -> bool:
        return True

    def __len__(self) -> int:
        return 0


@dataclass
class Person:
    """An object whose repr names somebody."""

    name: str


OBJECTS: list[Any] = [
    Person("Jane Doe"), ["Jane Doe"], ("Jane Doe",), {"name": "Jane Doe"}, {"Jane Doe"},
    b"Jane Doe", Lying("Jane Doe"), Path("/srv/Jane Doe"), ValueError("Jane Doe"), 30161234567,
]  # fmt: skip


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_known_values_are_found_in_attributes_of_every_type(value: Any) -> None:
    """The SDK makes texts of objects when it sends them, when the request is long over."""
    with telemetry(sentry_options=OPTIONS) as running, entered(running):
        logger.warning("seen", attributes={"operation": value, "of.jdoering": 1})
        count("seen", {"operation": value})
        count("seen.jdoering", {"level": 1.5, "duration_ms": None, "operation": True})
        sentry_sdk.flush()
    assert kinds(running) == ["log", "trace_metric"]
    for planted in (b"jdoering", b"Doe", b"30161234567"):
        assert planted not in running.kept.wire
    (log,) = running.kept.payloads("log")[0]["items"]
    assert "operation" in log["attributes"]
    metrics = [item for one in running.kept.payloads("trace_metric") for item in one["items"]]
    assert [metric["name"] for metric in metrics] == ["seen", "seen.[USER]"]
    assert metrics[1]["attributes"]["level"]["value"] == 1.5


def test_names_that_the_app_gives_are_without_what_is_known() -> None:
    """Who logs to a logger for each user, or names a flag or a step after one, names nobody."""
    with telemetry(sentry_options=OPTIONS) as running, entered(running):
        sentry_sdk.add_breadcrumb(category="steps.jdoering", message="a step")
        add_feature_flag("beta_for.jdoering", True)
        logging.getLogger("users.jdoering").error("refused")
    event = running.kept.event()
    assert event["logger"] == "users.[USER]"
    assert event["breadcrumbs"]["values"][-1]["category"] == "steps.[USER]"
    assert event["contexts"]["flags"]["values"][0]["flag"] == "beta_for.[USER]"
    assert b"jdoering" not in running.kept.wire


def test_signals_outside_a_request_are_sent() -> None:
    """A command's logs and metrics have no visitor to ask."""
    with telemetry(sentry_options=OPTIONS) as running:
        signal(running)
    assert kinds(running) == ["log", "trace_metric"]


@pytest.mark.parametrize(
    ("settings", "headers", "why"),
    [
        ({"gpc": "anonymise"}, {"Sec-GPC": "1"}, "errors only"),
        ({"gpc": "drop"}, {"DNT": "1"}, "nothing"),
        ({"consent": lambda request: False}, {}, "nothing"),
    ],
)
def test_signals_of_a_request_without_permission_are_not_sent(
    settings: dict[str, Any], headers: dict[str, str], why: str
) -> None:
    """Neither log nor metric of the request leaves, nor does the user's hook see one."""
    seen: list[Any] = []

    def hook(signal: Any, hint: Any) -> Any:
        seen.append(signal)
        return signal

    given = {**OPTIONS, "before_send_log": hook}
    with telemetry(sentry_options=given, **settings) as running, entered(running, headers):
        signal(running)
    assert running.kept.bodies == [], why
    assert seen == []


@streaming
@pytest.mark.parametrize("where", ["as an option", "as an experiment"])
@pytest.mark.parametrize("headers", [{}, {"Sec-GPC": "1"}], ids=["permitted", "anonymous"])
def test_streamed_spans_are_asked_of_their_request(where: str, headers: dict[str, str]) -> None:
    """However streaming is switched on, spans have no known values and no unwilling visitor's."""
    from sentry_sdk import traces

    lifecycle: dict[str, Any] = {"trace_lifecycle": "stream"}
    options = lifecycle if where == "as an option" else {"_experiments": lifecycle}
    given = {"traces_sample_rate": 1.0, "sentry_options": options}
    with telemetry(**given) as running, entered(running, headers):
        with traces.start_span("SELECT 'blue suede shoes' -- Jane Doe", parent_span=None):
            pass
        sentry_sdk.flush()
        batches = running.kept.payloads("span") if headers else running.kept.streamed()
    spans = [span for batch in batches for span in batch["items"]]
    assert bool(spans) == (not headers)
    for value in (b"Jane", b"suede"):
        assert value not in running.kept.wire


# The user's hooks


@pytest.mark.parametrize("where", ["as an option", "as an experiment"])
@pytest.mark.parametrize(
    ("name", "kind"), [("before_send_log", "log"), ("before_send_metric", "trace_metric")]
)
def test_the_user_s_hook_runs_wherever_it_is_given(name: str, kind: str, where: str) -> None:
    """It sees the signal as the application made it, and what it returns is filtered."""
    if where == "as an option" and name not in DEFAULT_OPTIONS:
        pytest.skip("this SDK has no such option")
    seen: list[str] = []

    def hook(signal: Any, hint: Any) -> Any:
        seen.append(json.dumps(signal["attributes"], default=str))
        signal["attributes"]["operation"] = "jane.doe@example.com for blue suede shoes"
        return signal

    options = dict(OPTIONS)
    experiments = dict(options.get("_experiments", {}))
    (options if where == "as an option" else experiments)[name] = hook
    options["_experiments"] = experiments
    with telemetry(sentry_options=options) as running, entered(running):
        signal(running)
    assert len(seen) == 1
    assert "Jane" in seen[0] or "suede" in seen[0]
    assert kind in kinds(running)
    for value in (b"jane.doe", b"suede", b"Jane"):
        assert value not in running.kept.wire


def nothing(signal: Any, hint: Any) -> Any:
    return None


def failing(signal: Any, hint: Any) -> Any:
    raise OSError("jane.doe@example.com")


@pytest.mark.parametrize("hook", [nothing, failing])
def test_a_hook_that_fails_drops_its_signal_and_reaches_nobody(hook: Callable[..., Any]) -> None:
    """A hook that raises counts as one that says no: what it has not seen to the end stays here."""
    names = {"before_send_log", "before_send_metric", "before_breadcrumb"}
    options = {**OPTIONS, **dict.fromkeys(names & DEFAULT_OPTIONS.keys(), hook)}
    left = dict.fromkeys(names - DEFAULT_OPTIONS.keys(), hook)
    options["_experiments"] = {**options.get("_experiments", {}), **left}
    with telemetry(sentry_options=options) as running:
        signal(running)
        sentry_sdk.add_breadcrumb(message="clicked")
        running.config.capture_message("hello")
    assert kinds(running) == ["event"]
    assert running.kept.event().get("breadcrumbs", {}).get("values", []) == []
    failures = {
        kind: number
        for (reason, kind), number in running.config.drops.counts().items()
        if reason == "hook_error"
    }
    assert failures == ({"log": 1, "metric": 1, "breadcrumb": 1} if hook is failing else {})


@streaming
@pytest.mark.parametrize("hook", [nothing, failing])
def test_a_hook_that_fails_drops_its_span(hook: Callable[..., Any]) -> None:
    """The SDK sends a span whose hook fails; here it stays."""
    from sentry_sdk import traces

    options = {"trace_lifecycle": "stream", "before_send_span": hook}
    with telemetry(traces_sample_rate=1.0, sentry_options=options) as running:
        with traces.start_span("SELECT 'Jane Doe'", parent_span=None):
            pass
        sentry_sdk.flush()
    assert all(batch["items"] == [] for batch in running.kept.payloads("span"))
    assert b"Jane" not in running.kept.wire


# Logs of loggers


def test_our_own_logger_is_no_log_either() -> None:
    """Where the SDK sends what loggers write as logs, ours is left out."""
    options: dict[str, Any] = dict(LOGS)
    with contextlib.suppress(TypeError):  # older SDKs have no such parameter and capture all
        options["integrations"] = [LoggingIntegration(capture_sentry_logs=True)]  # type: ignore[call-arg, unused-ignore]  # newer SDKs
    with telemetry(sentry_options=options) as running:
        logging.getLogger("shop").error("of the shop")
        logging.getLogger(LOGGER_NAME).error("of our own")
        sentry_sdk.flush()
    bodies = [log["body"] for batch in running.kept.payloads("log") for log in batch["items"]]
    assert bodies == ["of the shop"]
    assert len(running.kept.payloads("event")) == 1


# Events


def test_an_event_of_another_client_is_none_of_ours() -> None:
    """The event processor is the process's; where another client speaks it does nothing."""
    seen: list[Any] = []

    def before_send(event: Any, hint: Any) -> Any:
        seen.append(event)

    with telemetry() as running, entered(running):
        other = sentry_sdk.Client(
            dsn="https://key@other.example/1", before_send=before_send, default_integrations=False
        )
        with sentry_sdk.new_scope() as scope:
            scope.set_client(other)
            error = ValueError("hello")
            sentry_sdk.capture_exception(error)
            sentry_sdk.capture_exception(error)
    assert len(seen) == 2
    assert all(event.get("transaction") != "/search" for event in seen)
    assert kinds(running) == []
