"""Requests side by side and one after the other never see anything of each other."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sentry_sdk
from flask import Flask, Response, g
from flask_calls import Site, call, flushed, site
from flask_site import create_app

from telemetry_core import get_session_manager
from telemetry_core.request import current_request

THREADS = 16
TASKS = 13
"""In each of as many coroutines as there are threads: 208 side by side."""
PERSONS = [f"{name}{number}" for number in range(4) for name in ("Anna", "Bert", "Cleo", "Dora")]


def shared(**settings: Any) -> Flask:
    """Make a site whose views wait for each other half-way."""
    app = create_app(**settings)
    meeting = threading.Barrier(THREADS)

    def begin(name: str) -> str | None:
        sentry_sdk.add_breadcrumb(message=f"crumb of {name}", category="function")
        sentry_sdk.set_tag("operation", f"tag-of-{name}")
        before = get_session_manager().session_id
        meeting.wait(60)
        return before

    def record() -> str | None:
        # What everybody is called is nobody else's known value.
        sentry_sdk.capture_message(f"all of {' '.join(PERSONS)}")
        return get_session_manager().session_id

    def end(before: str | None, *seen: str | None) -> str:
        meeting.wait(60)
        assert {*seen, get_session_manager().session_id, g.telemetry_session_id} == {before}
        assert before is not None
        return before

    @app.get("/meet/<name>")
    def meet(name: str) -> str:
        before = begin(name)
        return end(before, record())

    @app.get("/ameet/<name>")
    async def ameet(name: str) -> str:
        before = begin(name)

        async def task() -> str | None:
            await asyncio.sleep(0)
            return record()

        return end(before, *await asyncio.gather(*(task() for _ in range(TASKS))))

    return app


@pytest.mark.parametrize(("view", "count"), [("meet", 1), ("ameet", TASKS)])
def test_16_requests_side_by_side_share_nothing(view: str, count: int) -> None:
    """Each event has its own session, breadcrumb and tag, and only its own name taken out."""
    with site(shared) as running, ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda name: call(running.app, f"/{view}/{name}"), PERSONS))
        assert [answer.status for answer in answers] == [200] * THREADS
        events = flushed(running).payloads("event")
    by_session = Counter(event["user"]["id"] for event in events)
    assert list(by_session.values()) == [count] * THREADS
    name_of = {answer.body.decode(): name for name, answer in zip(PERSONS, answers, strict=True)}
    for event in events:
        name = name_of[event["user"]["id"]]
        others = [other for other in PERSONS if other != name]
        expected = " ".join("[INPUT]" if other == name else other for other in PERSONS)
        assert event["message"] == f"all of {expected}"
        assert len(event["breadcrumbs"]["values"]) == 1
        assert not any(f"of {other}" in json.dumps(event["breadcrumbs"]) for other in others)
        assert not any(f"tag-of-{other}" in json.dumps(event["tags"]) for other in others)


ENDINGS = [
    ("/ok/7", None, "an answer"),
    ("/sync/7", None, "an error"),
    ("/exit/7", None, "an exit"),
    ("/numbers/7", None, "a streamed body"),
    ("/numbers/7", 1, "a visitor who hangs up"),
    ("/stream/7", None, "a body that fails"),
    ("/stream-in-context/7", None, "a body in the request's context that fails"),
    ("/on-close/7", None, "a close that fails"),
    ("/file-error/7", None, "a file that fails"),
    ("/ok/7?fail=teardown_request", None, "a teardown that fails"),
]


@pytest.mark.parametrize(
    ("target", "pieces"), [row[:2] for row in ENDINGS], ids=[row[2] for row in ENDINGS]
)
def test_a_request_leaves_its_context_clean(target: str, pieces: int | None) -> None:
    """However it ends, session, scopes and request are those from before."""
    with site(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        before = state()
        call(running.app, target, pieces=pieces)
        assert state() == before
        assert get_session_manager().session_id is None


def state() -> tuple[Any, ...]:
    return (
        current_request(),
        sentry_sdk.get_isolation_scope(),
        sentry_sdk.get_current_scope(),
        sentry_sdk.get_current_span(),
    )


def test_between_two_pieces_the_thread_is_free_for_another_request() -> None:
    """Two streamed bodies that are sent by turns in one thread keep apart."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.get("/turns/<name>")
        def turns(name: str) -> Response:
            def pieces() -> Any:
                sentry_sdk.add_breadcrumb(message=f"crumb of {name}")
                yield "one"
                sentry_sdk.capture_message("Anna1 and Bert1")
                yield "two"

            return Response(pieces())

        return app

    with site(make) as running:
        from flask_calls import environ_for

        application: Any = running.app
        first, second = (
            application(environ_for(f"/turns/{name}"), lambda *_: None)
            for name in ("Anna1", "Bert1")
        )
        for body in (first, second, first, second):
            next(body)
            assert current_request() is None
        for body in (second, first):
            body.close()
        one, two = flushed(running).payloads("event")
    assert one["message"] == "[INPUT] and Bert1"
    assert two["message"] == "Anna1 and [INPUT]"
    assert one["user"] != two["user"]
    assert [len(event["breadcrumbs"]["values"]) for event in (one, two)] == [1, 1]


def test_what_one_request_sets_the_next_does_not_have() -> None:
    """Tags, breadcrumbs and contexts end with their request, in the same thread."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.get("/set")
        def view() -> Response:
            sentry_sdk.set_tag("operation", "set-before")
            sentry_sdk.add_breadcrumb(message="set-before")
            sentry_sdk.set_context("state", {"operation": "set-before"})
            response = Response("ok")
            response.call_on_close(lambda: sentry_sdk.add_breadcrumb(message="set-before"))
            return response

        return app

    with site(make) as running:
        call(running.app, "/set")
        call(running.app, "/sync/7")
        event = flushed(running).event()
    assert "set-before" not in json.dumps(event)


def sessions_of(running: Site) -> list[str]:
    return [event["user"]["id"] for event in flushed(running).payloads("event")]


def test_every_request_has_a_session_of_its_own() -> None:
    """Two requests of one visitor can't be told from those of two."""
    with site() as running:
        for _ in range(3):
            call(running.app, "/sync/7", headers={"Cookie": "session=same"})
        assert len(set(sessions_of(running))) == 3
