"""A request is begun, entered, left and ended; what it captures is described by it, once."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import re
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sentry_sdk
from capturing import Kept, Running, inside, telemetry
from sentry_sdk import logger
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.crons import capture_checkin

from telemetry_core import TelemetryConfig, get_session_manager
from telemetry_core.circumstances import circumstances
from telemetry_core.consent import Permission
from telemetry_core.failures import without_own_frames
from telemetry_core.reports import report
from telemetry_core.request import Request, current_request
from telemetry_core.streaming import Stream

ID = re.compile("[0-9a-f]{32}")
NEWER = "before_send_metric" in DEFAULT_OPTIONS
"""Whether the SDK has metrics and logs without an experiment."""


class Facts:
    """A request as an adapter tells of it."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    @property
    def request(self) -> object:
        return self

    @property
    def method(self) -> str:
        return str(self.facts.get("method", "GET"))

    def header(self, name: str) -> str | None:
        headers: Mapping[str, str] = self.facts.get("headers", {})
        return headers.get(name)

    def route(self) -> str | None:
        return self.facts.get("route", "/orders/<int:id>/")  # type: ignore[no-any-return]

    def visitor_values(self) -> Iterable[str]:
        return self.facts.get("visitor", ())  # type: ignore[no-any-return]

    def stamp(self) -> list[object]:
        return [object()]

    def visitor_key(self) -> tuple[str, str] | None:
        return None

    def user_values(self) -> Iterable[str]:
        return self.facts.get("user", ())  # type: ignore[no-any-return]


class Raising(Facts):
    """A request of which nothing can be told."""

    @property
    def method(self) -> str:
        raise OSError("jane@example.com")

    def header(self, name: str) -> str | None:
        raise OSError("jane@example.com")

    def route(self) -> str | None:
        raise OSError("jane@example.com")

    def visitor_values(self) -> Iterable[str]:
        raise OSError("jane@example.com")

    def stamp(self) -> list[object]:
        raise OSError("jane@example.com")

    def visitor_key(self) -> tuple[str, str] | None:
        return None

    def user_values(self) -> Iterable[str]:
        yield "Jane Doe"
        raise OSError("jane@example.com")


def entered(config: TelemetryConfig, facts: Facts | None = None) -> AbstractContextManager[Request]:
    return inside(Request(config, facts or Facts()))


# Entering and leaving


def test_entering_binds_and_leaving_unbinds() -> None:
    """Between enter and leave the request is the current one, with a session and scopes."""
    with telemetry() as running:
        outside = (sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope())
        request = Request(running.config, Facts())
        assert current_request() is None
        request.enter()
        assert current_request() is request
        assert get_session_manager().session_id == request.session_id
        assert sentry_sdk.get_isolation_scope() is not outside[0]
        sentry_sdk.set_tag("operation", "inside")
        request.leave()
        assert current_request() is None
        assert get_session_manager().session_id is None
        assert (sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()) == outside
        running.config.capture_message("outside")
    assert "operation" not in running.kept.event().get("tags", {})


def test_entering_again_continues_and_nests() -> None:
    """A body is made piece by piece: each time in the same session, with the same scopes."""
    with telemetry() as running:
        request = Request(running.config, Facts())
        request.enter()
        session_id = request.session_id
        sentry_sdk.set_tag("operation", "first")
        request.leave()
        request.enter()
        request.enter()
        assert current_request() is request
        assert get_session_manager().session_id == session_id
        running.config.capture_message("second")
        request.leave()
        assert current_request() is request
        request.leave()
        assert current_request() is None
        request.leave()
    assert running.kept.event()["tags"]["operation"] == "first"
    assert running.kept.event()["user"] == {"id": session_id}


def test_a_request_within_a_request_has_its_own() -> None:
    """A test client inside a view, or a mounted application: the outer one comes back."""
    with telemetry() as running, entered(running.config) as outer:
        with entered(running.config) as inner:
            assert current_request() is inner
            assert inner.session_id != outer.session_id
        assert current_request() is outer
        assert get_session_manager().session_id == outer.session_id


def test_leaving_in_another_context_raises_nothing() -> None:
    """A server may close a body from another context than it was begun in."""
    with telemetry() as running:
        request = Request(running.config, Facts())
        contextvars.copy_context().run(request.enter)
        contextvars.copy_context().run(request.leave)

        def pieces() -> Iterator[bytes]:
            yield b"first"
            yield b"second"

        stream: Stream[bytes] = Stream(request, pieces())
        assert contextvars.copy_context().run(next, stream) == b"first"
        assert current_request() is None
        contextvars.copy_context().run(stream.close)
        assert current_request() is None


def test_a_stream_that_fails_is_reported_in_its_request() -> None:
    """An error in a piece arrives once, with the route, and the iterator's caller gets it."""
    with telemetry() as running:
        request = Request(running.config, Facts())

        def pieces() -> Iterator[bytes]:
            yield b"first"
            raise LookupError("gone")

        request.enter()
        request.leave()
        stream: Stream[bytes] = Stream(request, pieces())
        assert next(stream) == b"first"
        assert current_request() is None
        with pytest.raises(LookupError):
            next(stream)
        stream.close()
        assert current_request() is None
    event = running.kept.event()
    assert event["transaction"] == "/orders/<int:id>/"
    assert event["exception"]["values"][0]["type"] == "LookupError"


def test_threads_and_tasks_side_by_side_do_not_mix() -> None:
    """Each thread and each task sees its own request, and its events its own session."""
    with telemetry() as running:

        async def serve(number: int) -> None:
            with entered(running.config, Facts(route=f"/task/{number}")) as request:
                for _ in range(3):
                    await asyncio.sleep(0)
                    assert current_request() is request
                running.config.capture_message("hello")

        async def main() -> None:
            await asyncio.gather(*(serve(number) for number in range(8)))

        def work(number: int) -> None:
            with entered(running.config, Facts(route=f"/thread/{number}")):
                running.config.capture_message("hello")

        asyncio.run(main())
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    events = running.kept.payloads("event")
    assert len({event["transaction"] for event in events}) == 16
    assert len({event["user"]["id"] for event in events}) == 16


# Once


def test_the_same_exception_in_a_request_is_one_event() -> None:
    """Framework, logger, handler and the application all see it; the first reporter wins."""
    with telemetry() as running, entered(running.config) as request:
        error = ValueError("once")
        other = ValueError("once")
        request.capture(error)
        request.capture(other)
        request.capture(error)
        assert running.config.capture_exception(error) is None
        sentry_sdk.capture_exception(error)
        sentry_sdk.capture_exception(other)
    assert len(running.kept.payloads("event")) == 2


def test_the_same_exception_in_two_requests_is_two_events() -> None:
    """An exception that an application keeps and raises again is told of for each visitor."""
    error = ValueError("kept and raised again")
    with telemetry() as running:
        for _ in range(3):
            with entered(running.config) as request:
                request.capture(error)
        report(running.config, Facts(), error)
    assert len(running.kept.payloads("event")) == 4


def test_a_server_and_middleware_that_see_one_early_exception_make_one_event() -> None:
    """An exception in front of our middleware is seen by signal, server and logger alike."""
    error = ValueError("early")
    with telemetry() as running:
        report(running.config, Facts(), error)
        report(running.config, Facts(), error)
        running.config.capture_exception(error)
    assert len(running.kept.payloads("event")) == 1


def test_what_was_reported_in_a_request_is_not_told_again_after_it() -> None:
    """A server logs what broke off its response, outside of any request."""
    error = ValueError("once")
    with telemetry() as running:
        with entered(running.config) as request:
            request.capture(error)
        running.config.capture_exception(error)
    assert len(running.kept.payloads("event")) == 1


def test_an_exception_of_a_request_that_was_never_entered_is_described() -> None:
    """What middleware in front of ours raises arrives with the request's route and session."""
    session_id = "0123456789abcdef0123456789abcdef"
    with telemetry() as running:
        report(running.config, Facts(method="POST"), ValueError("early"), session_id=session_id)
        assert current_request() is None
    event = running.kept.event()
    assert event["transaction"] == "/orders/<int:id>/"
    assert event["request"] == {"method": "POST"}
    assert event["user"] == {"id": session_id}
    assert event["contexts"]["response"] == {"status_code": 500}


# Described


@pytest.mark.parametrize(
    ("route", "name", "source"),
    [
        ("/orders/<int:id>/", "/orders/<int:id>/", "route"),
        (None, "<< unparameterized >>", "url"),
        ("", "<< unparameterized >>", "url"),
    ],
)
def test_an_event_is_named_by_its_route_never_by_its_path(
    route: str | None, name: str, source: str
) -> None:
    """Where no route matched there is no name, as the path is the visitor's."""
    with telemetry() as running, entered(running.config, Facts(route=route)) as request:
        request.status = 404
        running.config.capture_message("hello")
    event = running.kept.event()
    assert event["transaction"] == name
    assert event["transaction_info"]["source"] == source
    assert event["contexts"]["response"]["status_code"] == 404


def test_an_event_continues_the_caller_s_trace_also_unsampled() -> None:
    """An error in a request that is not recorded still carries the inbound trace id."""
    trace = "0123456789abcdef0123456789abcdef"
    facts = Facts(headers={"sentry-trace": f"{trace}-fedcba9876543210-0", "baggage": "a=jane"})
    with telemetry(traces_sample_rate=1.0) as running, entered(running.config, facts) as request:
        assert not request.is_traced
        request.capture(ValueError("hello"))
    event = running.kept.event()
    assert event["contexts"]["trace"]["trace_id"] == trace
    assert running.kept.items("transaction") == []
    assert b"jane" not in running.kept.wire


def test_a_sampled_request_is_a_transaction_by_its_route() -> None:
    """It is handed over when the request ends, once, in the request's session."""
    facts = Facts(visitor=["Jane Doe"])
    with telemetry(traces_sample_rate=1.0) as running, entered(running.config, facts) as request:
        assert request.is_traced
        with sentry_sdk.start_span(op="db", name="SELECT 'Jane Doe'"):
            pass
        request.status = 201
        session_id = request.session_id
        request.finish()
        assert not request.is_traced
        request.finish()
    (transaction,) = running.kept.payloads("transaction")
    assert transaction["transaction"] == "/orders/<int:id>/"
    assert transaction["user"] == {"id": session_id}
    assert len(transaction["spans"]) == 1
    assert b"Jane" not in running.kept.wire


def test_known_values_are_taken_out_of_what_is_captured() -> None:
    """Who is logged in and what the visitor sent is replaced in every free text."""
    facts = Facts(visitor=["blue suede shoes"], user=["Jane Doe"])
    with telemetry() as running, entered(running.config, facts) as request:
        sentry_sdk.add_breadcrumb(message="looks for blue suede shoes")
        request.capture(ValueError("Jane Doe wants blue suede shoes"))
    event = running.kept.event()
    assert event["exception"]["values"][0]["value"] == "[USER] wants [INPUT]"
    assert not re.search(b"(?i)jane|suede", running.kept.wire)


def test_values_are_gathered_when_something_is_captured_and_not_before() -> None:
    """A request in which nothing is captured asks for nothing of the visitor's."""

    class Asked(Facts):
        def visitor_values(self) -> Iterable[str]:
            raise AssertionError("asked for nothing")

        user_values = visitor_values

        def route(self) -> str | None:
            raise AssertionError("asked for nothing")

    with telemetry() as running:
        with entered(running.config, Asked()) as request:
            request.status = 200
        assert running.config.drops.counts() == {}


# What can't be told


def test_facts_that_raise_are_counted_and_nothing_fails() -> None:
    """Whatever an adapter can't tell, the request goes on and its events arrive."""
    with telemetry(traces_sample_rate=1.0, gpc="ignore") as running:
        with entered(running.config, Raising()) as request:
            assert request.is_traced
            assert request.method == ""
            request.capture(ValueError("mail for Jane Doe"))
        report(running.config, Raising(), ValueError("early"))
    counts = running.config.drops.counts()
    for kind in ("route", "method", "trace", "known_values"):
        assert counts[("facts_error", kind)] >= 1, kind
    assert len(running.kept.payloads("event")) == 2
    assert len(running.kept.payloads("transaction")) == 1
    # What was told before it failed counts.
    assert b"Jane" not in running.kept.wire


def test_a_sampler_that_raises_fails_no_request() -> None:
    """A traces_sampler of the user's that raises leaves the request unrecorded."""

    def fail(context: Any) -> float:
        raise OSError("jane@example.com")

    options = {"traces_sampler": fail}
    with telemetry(sentry_options=options) as running, entered(running.config) as request:
        assert current_request() is request
        assert not request.is_traced
        running.config.capture_message("hello")
    assert running.kept.event()["transaction"] == "/orders/<int:id>/"


def test_an_exception_that_cannot_be_marked_is_reported_all_the_same() -> None:
    """Some exceptions take no attributes, some can't be written or compared."""

    class Odd(Exception):
        __slots__ = ()

        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

        def __str__(self) -> str:
            raise OSError

        def __eq__(self, other: object) -> bool:
            raise OSError

        __hash__ = None  # type: ignore[assignment]  # on purpose

    with telemetry() as running, entered(running.config) as request:
        error = Odd()
        request.capture(error)
        request.capture(error)
    assert len(running.kept.payloads("event")) == 1


# Permission


def capture_everything(running: Running) -> None:
    """Send one of every type of item that the installed SDK can send."""
    running.config.capture_message("a message")
    with contextlib.suppress(ValueError):
        raise ValueError("an error")
    running.config.capture_exception(ValueError("an error"))
    with sentry_sdk.start_transaction(name="a transaction", sampled=True):
        pass
    capture_checkin(monitor_slug="backup", status="ok")
    logger.error("a log")
    if NEWER:
        sentry_sdk.metrics.count("a metric", 1)
    scope = sentry_sdk.get_isolation_scope()
    scope.start_session()
    scope.end_session()
    sentry_sdk.capture_event({"message": "raw", "user": {"id": "a" * 32}})
    sentry_sdk.flush()


OPTIONS: dict[str, Any] = {"enable_logs": True} if "enable_logs" in DEFAULT_OPTIONS else {}


def types_of(kept: Kept) -> set[str]:
    return {item.type for item in kept.items()}


def test_everything_can_be_sent_with_permission() -> None:
    """The other tests here could not fail if nothing were sent anyway."""
    given = {"traces_sample_rate": 1.0, "sentry_options": OPTIONS}
    with telemetry(**given) as running, entered(running.config):
        capture_everything(running)
    assert {"event", "transaction", "check_in", "log"} <= types_of(running.kept)
    if NEWER:
        assert "trace_metric" in types_of(running.kept)
    assert "session" in types_of(running.kept) or "sessions" in types_of(running.kept)


@pytest.mark.parametrize(
    ("settings", "headers", "why"),
    [
        ({"consent": lambda request: False}, {}, "the visitor has not consented"),
        ({"consent": lambda request: 1 / 0}, {}, "nobody knows whether"),
        ({"gpc": "drop"}, {"Sec-GPC": "1"}, "the visitor's browser says no"),
    ],
)
def test_without_permission_nothing_at_all_is_sent(
    settings: dict[str, Any], headers: dict[str, str], why: str
) -> None:
    """No event, log, metric, transaction, check-in or session of the request leaves."""
    with telemetry(traces_sample_rate=1.0, sentry_options=OPTIONS, **settings) as running:
        with entered(running.config, Facts(headers=headers)) as request:
            assert request.permission is Permission.NONE
            assert request.session_id is None
            request.capture(ValueError("an error"))
            capture_everything(running)
        report(running.config, Facts(headers=headers), ValueError("early"))
        sentry_sdk.flush()
    assert running.kept.bodies == [], why


def test_a_thread_of_a_request_without_permission_sends_nothing() -> None:
    """What a request starts in a thread has no more permission than the request."""
    given = {"consent": lambda request: False, "sentry_options": OPTIONS}
    with telemetry(**given) as running, entered(running.config):
        in_thread(lambda: capture_everything(running))
        in_pool(lambda: capture_everything(running))
        in_loop(lambda: capture_everything(running))
    assert running.kept.bodies == []


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)


def in_pool(work: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(10)


def in_loop(work: Callable[[], object]) -> None:
    async def main() -> None:
        await asyncio.to_thread(work)
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(main())


@pytest.mark.parametrize("elsewhere", [in_thread, in_pool, in_loop])
def test_a_thread_that_a_request_starts_belongs_to_it(
    elsewhere: Callable[[Callable[[], object]], None],
) -> None:
    """What is captured there has its route, its session, and none of the visitor's values."""
    facts = Facts(visitor=["blue suede shoes"])
    with telemetry(sentry_options=OPTIONS) as running, entered(running.config, facts) as request:
        session_id = request.session_id

        def work() -> None:
            assert current_request() is request
            running.config.capture_message("looks for blue suede shoes")
            logger.error("looks for blue suede shoes")

        elsewhere(work)
        sentry_sdk.flush()
    events = running.kept.payloads("event")
    assert events
    for event in events:
        assert event["transaction"] == "/orders/<int:id>/"
        assert event["user"] == {"id": session_id}
    assert running.kept.items("log")
    assert b"suede" not in running.kept.wire


def test_a_thread_that_outlives_its_request_keeps_its_values_out_and_its_session_too() -> None:
    """A worker that was started in a request names no session of a visitor who is gone."""
    begun, ended = threading.Event(), threading.Event()
    error = ValueError("looks for blue suede shoes")
    with telemetry() as running:

        def work() -> None:
            begun.wait(60)
            running.config.capture_exception(error)
            ended.set()

        with entered(running.config, Facts(visitor=["blue suede shoes"])):
            thread = threading.Thread(target=work)
            thread.start()
        begun.set()
        thread.join(60)
        assert ended.is_set()
    assert not running.kept.event().get("user", {}).get("id")
    assert b"suede" not in running.kept.wire


@pytest.mark.parametrize("elsewhere", [in_thread, in_pool, in_loop])
def test_a_thread_of_an_anonymous_request_is_anonymous(
    elsewhere: Callable[[Callable[[], object]], None],
) -> None:
    """With Sec-GPC: 1 a thread of the request sends errors with no session and nothing else."""
    facts = Facts(headers={"Sec-GPC": "1"})
    with telemetry(traces_sample_rate=1.0, sentry_options=OPTIONS) as running:
        with entered(running.config, facts):
            elsewhere(lambda: capture_everything(running))
        sentry_sdk.flush()
    assert types_of(running.kept) == {"event"}


def test_anonymous_means_errors_with_no_session_and_nothing_else() -> None:
    """With Sec-GPC: 1 errors arrive, and nothing in them tells one visitor from another."""
    facts = Facts(headers={"Sec-GPC": "1"}, user=["Jane Doe"])
    given = {"traces_sample_rate": 1.0, "sentry_options": OPTIONS}
    with telemetry(**given) as running, entered(running.config, facts) as request:
        assert request.permission is Permission.ANONYMOUS
        assert request.session_id is None
        assert not request.is_traced
        get_session_manager().start_session()
        running.config.set_user_context("0123456789abcdef0123456789abcdef")
        request.capture(ValueError("of Jane Doe"))
        capture_everything(running)
    assert types_of(running.kept) == {"event"}
    for event in running.kept.payloads("event"):
        assert not event.get("user", {}).get("id") or event["user"]["id"] == "a" * 32
        assert "session_id" not in event.get("tags", {})
    assert b"Jane" not in running.kept.wire


def test_outside_a_request_everything_is_admitted_in_the_session_there_is() -> None:
    """A command or a job has no visitor, and the session that it starts itself."""
    with telemetry():
        assert circumstances().session_id is None
        started = get_session_manager().start_session()
        assert circumstances().session_id == started
        assert {"event", "transaction", "check_in"} <= circumstances().admitted


def test_a_session_that_is_continued_in_a_request_is_its_session() -> None:
    """set_user_context and start_session count in a request as they do outside."""
    session_id = "0123456789abcdef0123456789abcdef"
    with telemetry() as running, entered(running.config) as request:
        first = request.session_id
        running.config.capture_message("first")
        running.config.set_user_context(session_id)
        running.config.capture_message("continued")
        assert request.session_id == session_id
    events = running.kept.payloads("event")
    assert [event["user"]["id"] for event in events] == [first, session_id]


# Frames


def raised_through(*modules: str) -> BaseException:
    """Raise through one function of each module, the last one raising."""
    call: Callable[[], object] | None = None
    for name in reversed(modules):
        space: dict[str, Any] = {"__name__": name, "inner": call}
        exec("def outer():\n    return inner() if inner else 1 / 0", space)
        call = space["outer"]
    assert call is not None
    with pytest.raises(ZeroDivisionError) as caught:
        call()
    error = caught.value
    assert error.__traceback__ is not None
    # Without this function's own frame.
    return error.with_traceback(error.__traceback__.tb_next)


@pytest.mark.parametrize(
    ("modules", "left", "why"),
    [
        (["shop"], ["shop"], "none of ours"),
        (["telemetry_django.middleware", "shop"], ["shop"], "ours in front"),
        (["telemetry_core.streaming", "telemetry_flask", "shop", "lib"], ["shop", "lib"], "two"),
        (
            ["shop", "telemetry_core.trace", "lib"],
            ["shop", "telemetry_core.trace", "lib"],
            "inside",
        ),
        (["telemetry_core.trace"], ["telemetry_core.trace"], "one frame is always left"),
        (["telemetry_corelation", "shop"], ["telemetry_corelation", "shop"], "another's name"),
        (["", "shop"], ["", "shop"], "no name"),
    ],
)
def test_no_frame_of_ours_tops_a_stack_trace(modules: list[str], left: list[str], why: str) -> None:
    """Frames of this package are left out where they stand first, so the cause stands first."""
    traceback = without_own_frames(raised_through(*modules).__traceback__)
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame.f_globals["__name__"])
        traceback = traceback.tb_next
    assert found == left, why


def test_no_traceback_is_no_traceback() -> None:
    """An exception that was made and never raised has no frames."""
    assert without_own_frames(None) is None
    assert isinstance(raised_through("shop").__traceback__, types.TracebackType)


def test_scopes_of_the_process_are_taken_over_and_kept_apart() -> None:
    """What was set before requests is on their events; what a request sets stays in it."""
    with telemetry() as running:
        sentry_sdk.set_tag("operation", "process")
        for number in range(2):
            with entered(running.config):
                sentry_sdk.set_tag(f"duration_{number}", "1")
                running.config.capture_message("hello")
    tags = [event["tags"] for event in running.kept.payloads("event")]
    assert all(found["operation"] == "process" for found in tags)
    assert ["duration_0" in found for found in tags] == [True, False]
    assert "hello" in json.dumps(running.kept.payloads("event"))


def test_what_a_request_sets_before_all_else_outdoes_what_the_process_has_set() -> None:
    """Its scope takes over the process's when something first looks at it, which is later."""
    with telemetry() as running:
        process = sentry_sdk.get_isolation_scope()
        process.set_level("warning")
        process.fingerprint = ["of the process"]
        for level in ("fatal", None):
            with entered(running.config):
                if level is not None:
                    # Neither of the two looks at what is there.
                    sentry_sdk.get_isolation_scope().set_level("fatal")
                    sentry_sdk.get_isolation_scope().fingerprint = ["of the request"]
                sentry_sdk.set_tag("operation", "looks")
                running.config.capture_message("hello")
        found = running.kept.payloads("event")
    assert [event["level"] for event in found] == ["fatal", "warning"]
    assert [event["fingerprint"] for event in found] == [["of the request"], ["of the process"]]


class Counting(Facts):
    """A request that counts how often it is asked for what is known, with a stamp of its own."""

    def __init__(self, stamp: list[object] | None = None) -> None:
        super().__init__(visitor=("Jane Roe",))
        self.asked = 0
        self.given = stamp

    def visitor_values(self) -> Iterable[str]:
        self.asked += 1
        return super().visitor_values()

    def stamp(self) -> list[object]:
        if self.given is None:
            raise OSError("jane@example.com")
        return self.given


def test_what_is_known_is_gathered_anew_when_the_stamp_is_another() -> None:
    """And where there is none, or an error is being handled, which is asked for values, too."""
    first, second = object(), object()
    with telemetry() as running:
        facts = Counting([first])
        request = Request(running.config, facts)
        for stamp, asked in (([first], 1), ([first], 1), ([second], 2), ([second, first], 3)):
            facts.given = stamp
            assert request.known() is not None
            assert facts.asked == asked
        try:
            raise KeyError
        except KeyError:
            request.known()
        assert facts.asked == 4
        facts.given = None
        for asked in (5, 6):
            request.known()
            assert facts.asked == asked
        assert running.config.drops.counts() == {("facts_error", "known_values"): 2}
