"""Telemetry of a process: opt-in, made once, never in the application's way."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk
from capturing import DSN, Kept, telemetry
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from telemetry_core import (
    SettingsError,
    TelemetryConfig,
    get_session_manager,
    get_telemetry_config,
    initialize_telemetry,
    shutdown_telemetry,
)
from telemetry_core.consent import Permission
from telemetry_core.drops import LOGGER_NAME
from telemetry_core.process import initialize_application
from telemetry_core.settings import Settings

ID = re.compile("[0-9a-f]{32}")


@pytest.fixture(autouse=True)
def begin_and_end_without_telemetry() -> Iterator[None]:
    assert not get_telemetry_config().active
    yield
    shutdown_telemetry()


def client() -> Any:
    return sentry_sdk.Scope.get_global_scope().client


# Opt-in


def test_it_is_off_until_it_is_enabled() -> None:
    """A DSN alone switches nothing on."""
    config = initialize_telemetry(dsn=DSN, environment="production", release="v2.1.0")
    assert (config.enabled, config.active) == (False, False)
    assert config is get_telemetry_config() or not get_telemetry_config().active
    assert not sentry_sdk.get_client().is_active()


def test_the_call_form_of_the_documentation() -> None:
    """DSN, environment, release and enabled are taken as given, and others by their names."""
    config = initialize_telemetry(
        dsn=DSN,
        environment="production",
        release="v2.1.0",
        enabled=True,
        traces_sample_rate=0.25,
        allow_fields=["order_id"],
    )
    assert config is get_telemetry_config()
    assert (config.active, config.enabled) == (True, True)
    assert (config.environment, config.release) == ("production", "v2.1.0")
    assert config.settings.traces_sample_rate == 0.25
    assert config.client_options["environment"] == "production"
    assert config.client_options["release"] == "v2.1.0"
    shutdown_telemetry(timeout=2)
    assert not get_telemetry_config().active


def test_wrong_settings_raise_all_at_once_and_start_nothing() -> None:
    """What is wrong is told at start-up, by the settings' names, without the DSN."""
    with pytest.raises(SettingsError) as caught:
        initialize_telemetry(dsn="https://nobody", enabled=True, traces_sample_rate=7, typo=1)
    names = {problem.setting for problem in caught.value.problems}
    assert names == {"TELEMETRY_DSN", "TELEMETRY_TRACES_SAMPLE_RATE", "TELEMETRY_TYPO"}
    assert "nobody" not in str(caught.value)
    assert not get_telemetry_config().active
    assert not sentry_sdk.get_client().is_active()


# Once


def test_a_second_initialise_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The same settings again are taken for what they are; others are told of, not taken."""
    with telemetry(environment="staging") as running:
        made = client()
        assert initialize_telemetry(settings=running.config.settings) is running.config
        assert not caplog.records
        other = Settings(enabled=True, dsn=DSN, environment="testing")
        assert initialize_telemetry(settings=other) is running.config
        assert client() is made
        assert running.config.environment == "staging"
        assert "other settings were not taken" in caplog.text
        running.config.initialize()
        assert client() is made


def test_sixteen_threads_at_once_make_one_client() -> None:
    """However many threads initialise at once, one client is made and all get one config."""
    made: list[Transport] = []

    class Counted(Transport):
        def __init__(self, options: Any = None) -> None:
            super().__init__(options)
            made.append(self)

        def capture_envelope(self, envelope: Envelope) -> None: ...

    settings = Settings(enabled=True, dsn=DSN, sentry_options={"transport": Counted})
    barrier = threading.Barrier(16)

    def initialise() -> TelemetryConfig:
        barrier.wait(60)
        return initialize_telemetry(settings=settings)

    with ThreadPoolExecutor(16) as pool:
        configs = [future.result(20) for future in [pool.submit(initialise) for _ in range(16)]]
    assert len({id(config) for config in configs}) == 1
    assert configs[0] is get_telemetry_config()
    assert len(made) == 1


def test_shutdown_can_be_followed_by_a_new_initialise() -> None:
    """Tests begin anew: another instance, other settings, no counts of the last one."""
    with telemetry(release="1.0.0") as first:
        first.config.capture_message("one")
        first.config.drops.count("filter_error", "event")
    with telemetry(release="2.0.0") as second:
        assert second.config is not first.config
        assert second.config.drops.counts() == {}
        second.config.capture_message("two")
    assert [event["release"] for event in first.kept.payloads("event")] == ["1.0.0"]
    assert [event["release"] for event in second.kept.payloads("event")] == ["2.0.0"]


def test_several_applications_share_or_have_their_own() -> None:
    """The first one's telemetry is the process's; others' are bound to their own requests."""
    settings = Settings(enabled=True, dsn=DSN, environment="one")
    first = initialize_application(settings)
    made = client()
    assert initialize_application(settings) is first
    kept = Kept()
    options = {"transport": kept.transport}
    own = initialize_application(
        Settings(enabled=True, dsn=DSN, environment="two", sentry_options=options)
    )
    off = initialize_application(Settings(enabled=False))
    try:
        assert own is not first
        assert own.active
        assert not off.active
        assert client() is made
        assert own.client_for(Permission.FULL) is not made
        # Outside requests, too, it speaks for itself.
        assert own.capture_message("hello")
        assert kept.event()["environment"] == "two"
    finally:
        own.shutdown()
    assert client() is made


# Shutting down


def test_shutdown_sends_what_is_waiting_and_leaves_no_thread() -> None:
    """What was captured before arrives, and the client's threads end."""
    from telemetry_core.collector import Collector

    before = set(threading.enumerate())
    with Collector() as collector:
        ours = set(threading.enumerate()) - before
        config = initialize_telemetry(dsn=collector.dsn, enabled=True, environment="testing")
        ids = [config.capture_message(f"message {number}") for number in range(20)]
        shutdown_telemetry(timeout=60)
        assert [item.json["event_id"] for item in collector.items("event")] == ids
        until = time.monotonic() + 60
        while extra := [
            thread
            for thread in set(threading.enumerate()) - before - ours
            if thread.name.startswith("sentry")
        ]:
            assert time.monotonic() < until, extra
            time.sleep(0.01)
    assert not sentry_sdk.get_client().is_active()


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_shutdown_waits_no_longer_than_it_was_told() -> None:
    """A server that never answers holds the application up for the time-out, not for ever."""
    with silent_server() as port:
        config = initialize_telemetry(
            dsn=f"http://key@127.0.0.1:{port}/1",
            enabled=True,
            environment="testing",
            sentry_options={"shutdown_timeout": 600},
        )
        config.capture_message("never answered")
        began = time.monotonic()
        shutdown_telemetry(timeout=0.3)
        # By itself the SDK gives an answer 30 s.
        assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("timeout", "why"),
    [
        (0, "at once"),
        (-1, "less than nothing"),
        ("2", "no number"),
        (None, "the SDK's own time-out"),
        (object(), "no number"),
    ],
)
def test_shutdown_takes_whatever_it_is_given(timeout: Any, why: str) -> None:
    """Shutting down never raises and always ends with the client gone."""
    config = initialize_telemetry(dsn=DSN, enabled=True)
    shutdown_telemetry(timeout=timeout)
    assert not config.active, why
    assert not sentry_sdk.get_client().is_active(), why


def test_shutting_down_twice_or_before_anything_does_nothing() -> None:
    """Shutting down what is not on is no error."""
    shutdown_telemetry()
    shutdown_telemetry(timeout=0)
    config = TelemetryConfig()
    config.shutdown()
    config.flush()
    assert config.drops.counts() == {}


class Failing(Transport):
    """A transport that fails at everything."""

    def capture_envelope(self, envelope: Envelope) -> None:
        raise OSError("jane@example.com")

    def flush(self, timeout: float, callback: Any = None) -> None:
        raise OSError("jane@example.com")

    def kill(self) -> None:
        raise OSError("jane@example.com")


def test_a_transport_that_fails_at_everything_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the transport raises is counted and reaches nobody; the client is gone at the end."""
    with telemetry(sentry_options={"transport": Failing}) as running:
        running.config.capture_message("hello")
        running.config.flush()
    counts = running.config.drops.counts()
    assert counts[("transport_error", "envelope")] == 1
    assert counts[("flush_error", "client")] == 1
    assert counts[("shutdown_error", "client")] >= 1
    assert not sentry_sdk.get_client().is_active()
    assert "jane" not in caplog.text


# Capturing


def test_capture_exception_filters_and_returns_the_event_s_id() -> None:
    """The exception arrives under the id that was returned, without what is personal."""
    with telemetry() as running:
        try:
            password = "hunter2"  # noqa: F841  # a local variable, to be left out
            raise ValueError("no account for jane.doe@example.com at 10.1.2.3")
        except ValueError as error:
            event_id = running.config.capture_exception(error)
    event = running.kept.event()
    assert event["event_id"] == event_id
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "ValueError"
    assert exception["value"] == "no account for [EMAIL] at [IP]"
    assert exception["stacktrace"]["frames"][-1]["function"].startswith("test_capture_exception")
    assert b"hunter2" not in json.dumps(exception["stacktrace"]["frames"][-1].get("vars")).encode()
    assert b"jane" not in running.kept.wire


def test_capture_exception_takes_the_one_being_handled() -> None:
    """Without an argument it is the exception of the except block; outside there is none."""
    with telemetry() as running:
        assert running.config.capture_exception() is None
        try:
            raise LookupError("gone")
        except LookupError:
            event_id = running.config.capture_exception()
    event = running.kept.event()
    assert event["event_id"] == event_id
    assert event["exception"]["values"][0]["type"] == "LookupError"


def test_capture_message_filters_with_a_remark() -> None:
    """The message arrives with tokens, and a note of which rule put them there."""
    with telemetry() as running:
        event_id = running.config.capture_message("mail to jane.doe@example.com", "warning")
    event = running.kept.event()
    assert (event["event_id"], event["level"]) == (event_id, "warning")
    assert "mail to [EMAIL]" in json.dumps(event)
    assert event["_meta"]
    assert b"jane" not in running.kept.wire


def test_tags_and_contexts_are_filtered() -> None:
    """Allowed keys keep their filtered values, others say that they were filtered."""
    with telemetry() as running:
        running.config.set_tag("operation", "pay jane.doe@example.com")
        running.config.set_tag("customer", "Jane Doe")
        running.config.set_tag("gone", "soon")
        running.config.set_tag("gone", None)
        running.config.set_context("payment", {"operation": "pay", "customer": "Jane Doe"})
        running.config.capture_message("hello")
    event = running.kept.event()
    assert event["tags"]["operation"] == "pay [EMAIL]"
    assert event["tags"]["customer"] == "[Filtered]"
    assert "gone" not in event["tags"]
    assert event["contexts"]["payment"] == {"operation": "pay", "customer": "[Filtered]"}
    assert not re.search(b"(?i)jane|doe", running.kept.wire)


def test_set_user_context_continues_a_session_and_nothing_else() -> None:
    """A session's id is taken; a name, a number, an address is dropped and counted."""
    session_id = "0123456789abcdef0123456789abcdef"
    with telemetry() as running:
        running.config.set_user_context(session_id)
        for no_session in ("jane", "", "42", 42, object(), {"id": session_id}, b"jane"):
            running.config.set_user_context(no_session)  # type: ignore[arg-type]  # on purpose
        running.config.set_user_context()
        running.config.capture_message("hello")
        assert get_session_manager().session_id == session_id
    event = running.kept.event()
    assert event["user"] == {"id": session_id}
    assert event["tags"]["session_id"] == session_id
    assert running.config.drops.counts()[("no_session_id", "user")] == 7


class Hostile:
    """An object that raises whatever is asked of it."""

    def __str__(self) -> str:
        raise OSError("jane@example.com")

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise OSError

    def __eq__(self, other: object) -> bool:
        raise OSError

    def __hash__(self) -> int:
        raise OSError


class HostileMapping(Mapping[str, object]):
    """A mapping that raises whatever is asked of it."""

    def __getitem__(self, key: str) -> object:
        raise OSError

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        raise OSError


class HostileError(Exception):
    """An exception that raises whatever is asked of it."""

    def __str__(self) -> str:
        raise OSError("jane@example.com")

    __repr__ = __str__


class Text(str):
    """A text that lies about itself."""

    def __str__(self) -> str:
        raise OSError("jane@example.com")

    __repr__ = __str__


def cyclic_error() -> BaseException:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    first.__context__, second.__context__ = second, first
    return first


def nested_group() -> BaseException:
    errors: list[Exception] = [ValueError("inner")]
    for _ in range(200):
        errors = [ExceptionGroup("group", errors)]
    return errors[0]


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {"operation": "pay"}
    value["self"] = value
    value["message"] = [value, {"operation": value}]
    return value


def deep() -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(10_000):
        value = {"operation": value}
    return value


ERRORS: list[tuple[Callable[[], Any], bool, str]] = [
    (HostileError, True, "an exception that can't be written"),
    (cyclic_error, True, "exceptions that cause each other"),
    (nested_group, True, "groups in groups"),
    (lambda: ValueError("x" * 5_000_000), True, "five megabytes"),
    (lambda: ValueError(Hostile()), True, "an argument that can't be written"),
    (lambda: ValueError("\ud800\x00"), True, "half a character"),
    (KeyboardInterrupt, True, "an exception that is no Exception"),
    (lambda: "no exception", False, "a text"),
    (Hostile, False, "an object"),
    (lambda: ValueError, False, "a class of exceptions"),
]


@pytest.mark.parametrize(("make", "arrives", "why"), ERRORS, ids=[row[-1] for row in ERRORS])
def test_capture_exception_takes_whatever_it_is_given(
    make: Callable[[], Any], arrives: bool, why: str
) -> None:
    """It never raises; what is an exception arrives, what is none is counted."""
    with telemetry() as running:
        event_id = running.config.capture_exception(make())
    if arrives:
        assert event_id is not None, why
        assert ID.fullmatch(event_id)
        assert running.kept.event()["event_id"] == event_id, why
    else:
        assert event_id is None, why
        assert running.config.drops.counts() == {("capture_error", "event"): 1}
    assert b"jane" not in running.kept.wire


MESSAGES: list[tuple[Any, bool, str]] = [
    ("", True, "nothing"),
    ("\ud800\x00\ufffe", True, "half a character"),
    ("x " * 2_000_000, True, "four megabytes"),
    (Text("hello"), True, "a text that lies about itself"),
    (42, True, "a number"),
    (None, True, "nothing at all"),
    (cyclic(), True, "a cycle"),
    (Hostile(), False, "an object that can't be written"),
]


@pytest.mark.parametrize(("message", "arrives", "why"), MESSAGES, ids=[row[-1] for row in MESSAGES])
def test_capture_message_takes_whatever_it_is_given(message: Any, arrives: bool, why: str) -> None:
    """It never raises, and what can be written arrives under the id that was returned."""
    with telemetry() as running:
        began = time.monotonic()
        event_id = running.config.capture_message(message)
        assert time.monotonic() - began < 30
    if arrives:
        assert running.kept.event()["event_id"] == event_id, why
    else:
        assert event_id is None, why
        assert running.config.drops.counts() == {("capture_error", "event"): 1}


@pytest.mark.parametrize(
    "level", ["nonsense", None, 40, Hostile(), ["error"]], ids=lambda level: type(level).__name__
)
def test_a_level_of_no_form_costs_the_level_not_the_message(level: Any) -> None:
    """A message with an impossible level still arrives."""
    with telemetry() as running:
        running.config.capture_message("hello", level)
    assert len(running.kept.payloads("event")) == 1


VALUES: list[tuple[Any, str]] = [
    (Hostile(), "an object that can't be written"),
    (HostileMapping(), "a mapping that can't be read"),
    (cyclic(), "a cycle"),
    (deep(), "10,000 levels"),
    ({Hostile.__name__: Hostile()}, "one inside"),
    (["x" * 100_000] * 60, "six megabytes"),
    (b"\xff" * 1_000, "bytes"),
    (float("nan"), "no number"),
    (10**5_000, "more digits than Python writes"),
    (Text("hello"), "a text that lies about itself"),
    (lambda: None, "a function"),
    ({1: 2, None: 3, (): 4}, "keys that are no texts"),
]


@pytest.mark.parametrize(("value", "why"), VALUES, ids=[row[-1] for row in VALUES])
def test_tags_and_contexts_take_whatever_they_are_given(value: Any, why: str) -> None:
    """They never raise, and what was captured afterwards arrives."""
    with telemetry() as running:
        config = running.config
        config.set_tag("operation", value)
        config.set_tag(value, "hello")
        config.set_context("operation", value)
        config.set_context("operation", {"operation": value})
        config.set_context(value, {"operation": "pay"})
        assert config.capture_message("hello") is not None, why
    assert running.kept.event(), why


@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.one_of(st.none(), st.text(), st.binary(), st.integers(), st.floats()),
        lambda inner: st.one_of(
            st.lists(inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner)
        ),
        max_leaves=8,
    )
)
def test_no_value_keeps_a_message_from_arriving(value: Any) -> None:
    """For all values in tags and contexts: nothing raises and the event arrives as JSON."""
    with telemetry() as running:
        running.config.set_tag("operation", value)
        running.config.set_context("payment", {"operation": value})
        running.config.capture_message("hello")
    assert "hello" in json.dumps(running.kept.event())


def test_nothing_of_it_does_anything_while_it_is_off() -> None:
    """Before initialise and after shutdown all methods do nothing and return None."""
    with telemetry() as running:
        pass
    for config in (get_telemetry_config(), running.config):
        assert config.capture_exception(ValueError()) is None
        assert config.capture_message("hello") is None
        config.set_tag("operation", Hostile())
        config.set_context("operation", HostileMapping())
        config.flush()
        assert config.client_options == {}
        assert config.drops.counts() == {}
    assert running.kept.bodies == []


# Logging


def test_info_is_a_breadcrumb_and_error_an_event_once() -> None:
    """INFO and above become breadcrumbs, ERROR and above events, each of them once."""
    logger = logging.getLogger("shop.orders")
    logger.setLevel(logging.DEBUG)
    with telemetry() as running:
        logger.debug("too quiet")
        logger.info("order of jane.doe@example.com")
        logger.warning("stock is low")
        logger.error("payment of %s failed", "jane.doe@example.com")
    event = running.kept.event()
    crumbs = [crumb["message"] for crumb in event["breadcrumbs"]["values"]]
    assert crumbs == ["order of [EMAIL]", "stock is low"]
    assert event["logger"] == "shop.orders"
    assert event["level"] == "error"
    assert b"jane" not in running.kept.wire


def test_an_exception_that_is_logged_and_captured_is_one_event() -> None:
    """logger.exception and capture_exception of one exception make one event."""
    with telemetry() as running:
        try:
            raise ValueError("once")
        except ValueError as error:
            logging.getLogger("shop").exception("failed")
            running.config.capture_exception(error)
            running.config.capture_exception()
    assert len(running.kept.payloads("event")) == 1


def test_our_own_logger_is_no_telemetry() -> None:
    """What this package logs becomes neither breadcrumb nor event, at whatever level."""
    with telemetry() as running:
        logging.getLogger(LOGGER_NAME).critical("jane")
        logging.getLogger(LOGGER_NAME).info("jane")
        running.config.drops.count("filter_error", "event", error=ValueError("jane"))
        running.config.capture_message("hello")
    assert running.kept.event().get("breadcrumbs", {}).get("values", []) == []
    assert b"jane" not in running.kept.wire


# Another client


def test_a_client_that_replaces_ours_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """sentry_sdk.init() by something else is noticed at the next request, and counted."""
    with telemetry() as running:
        config = running.config
        config.client_for(Permission.FULL)
        assert not caplog.records
        sentry_sdk.init(dsn="https://elsewhere@other.example/2", transport=Kept().transport)
        try:
            barrier = threading.Barrier(8)

            def begin() -> None:
                barrier.wait(60)
                config.client_for(Permission.FULL)

            threads = [threading.Thread(target=begin) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            config.capture_message("hello")
        finally:
            sentry_sdk.Scope.get_global_scope().set_client(None)
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "sentry_sdk.init()" in warnings[0].getMessage()
    assert "elsewhere" not in caplog.text
    assert config.drops.counts() == {("client_replaced", "client"): 1}


def test_what_telemetry_captures_goes_through_its_own_gate_all_the_same() -> None:
    """Another client gets nothing of what is captured through telemetry's own methods."""
    other = Kept()
    with telemetry() as running:
        sentry_sdk.init(dsn=DSN, transport=other.transport, default_integrations=False)
        try:
            running.config.set_tag("customer", "Jane Doe")
            running.config.capture_message("mail to jane.doe@example.com")
            running.config.capture_exception(ValueError("jane.doe@example.com"))
        finally:
            sentry_sdk.Scope.get_global_scope().set_client(None)
    assert other.bodies == []
    assert len(running.kept.payloads("event")) == 2
    assert not re.search(b"(?i)jane|doe", running.kept.wire)


def test_no_client_at_all_is_told_of_too(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever takes the client away is noticed as well."""
    with telemetry() as running:
        sentry_sdk.Scope.get_global_scope().set_client(None)
        running.config.client_for(Permission.FULL)
    assert "but none" in caplog.text


def test_after_shutdown_another_client_is_nobody_s_business(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Who shuts telemetry down and goes on with sentry_sdk.init() is told nothing, nor silenced."""
    with telemetry() as running:
        pass
    sentry_sdk.init(dsn=DSN, transport=Kept().transport, default_integrations=False)
    other = client()
    try:
        assert running.config.client_for(Permission.FULL) is None
        running.config.capture_message("hello")
        shutdown_telemetry()
        running.config.shutdown()
        assert client() is other
    finally:
        sentry_sdk.Scope.get_global_scope().set_client(None)
    assert not caplog.records
    assert running.config.drops.counts() == {}


def test_another_application_s_telemetry_is_no_stranger(caplog: pytest.LogCaptureFixture) -> None:
    """Of two applications in a process the second is not told that the first took its place."""
    with telemetry():
        own = initialize_application(Settings(enabled=True, dsn=DSN, environment="two"))
        own.client_for(Permission.FULL)
        own.capture_message("hello")
        own.shutdown(0)
    assert not caplog.records


def test_shutdown_closes_every_application_of_the_process() -> None:
    """A second application's client stops with the first one's, and what it holds is sent."""
    first, second = Kept(), Kept()
    with telemetry(sentry_options={"transport": first.transport}):
        settings = Settings(
            enabled=True,
            dsn=DSN,
            traces_sample_rate=0.0,
            profiles_sample_rate=0.0,
            sentry_options={"transport": second.transport},
        )
        other = initialize_application(settings)
        assert other.active
        shutdown_telemetry()
        assert not other.active
