"""Requests side by side never see each other, and leave their contexts as they found them."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
import sentry_sdk
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django_calls import Answer, acall, call_wsgi, flushed, reporting
from django_processes import environment, python
from django_site import views

from telemetry_core import get_session_manager
from telemetry_core.request import current_request
from telemetry_core.session import ID_FORM, random_session_id

THREADS = 16
TASKS = 200


@contextmanager
def meeting_of(count: int) -> Iterator[None]:
    """Let so many requests wait for each other in their views."""
    before, views.together = views.together, threading.Barrier(count)
    views.arrived.clear()
    try:
        yield
    finally:
        views.together = before


def assert_each_its_own(answers: list[Answer], events: list[dict[str, Any]], count: int) -> None:
    """See that each event holds the session of its request, its own breadcrumb and no name."""
    sessions: Counter[str] = Counter()
    for answer in answers:
        before, after = json.loads(answer.body)["ids"]
        assert before == after
        sessions[before] += 1
    assert len(sessions) == count
    assert {event["user"]["id"] for event in events} == set(sessions)
    assert len(events) == count
    for event in events:
        # Another request's name would have stayed, as nothing is known of it in this one.
        assert event["logentry"]["formatted"] == "the trouble of [INPUT]"
        assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["met [INPUT]"]


def name_of(number: int) -> str:
    """Return a name that no detector knows and no other contains."""
    return "Wil" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}") + "helm"


def test_sixteen_threads_never_see_each_other() -> None:
    """All are in their views at the same time, and then record at the same time."""
    handler_of: list[Any] = []
    with reporting() as kept, meeting_of(THREADS), ThreadPoolExecutor(THREADS) as pool:
        handler_of.append(WSGIHandler())
        for _ in range(3):
            kept.bodies.clear()
            answers = list(
                pool.map(
                    lambda number: call_wsgi(f"/meet/{name_of(number)}/", handler=handler_of[0]),
                    range(THREADS),
                )
            )
            assert_each_its_own(answers, flushed(kept).payloads("event"), THREADS)


def test_two_hundred_tasks_never_see_each_other() -> None:
    """All of them share one thread."""

    async def main() -> list[Answer]:
        handler = ASGIHandler()
        calls = (acall(f"/ameet/{name_of(number)}/", handler=handler) for number in range(TASKS))
        return list(await asyncio.gather(*calls))

    with reporting() as kept, meeting_of(TASKS):
        answers = asyncio.run(main())
        assert_each_its_own(answers, flushed(kept).payloads("event"), TASKS)


def context() -> tuple[Any, ...]:
    return (
        sentry_sdk.get_isolation_scope(),
        sentry_sdk.get_current_scope(),
        current_request(),
        get_session_manager().session_id,
    )


TARGETS = [
    "/ok/x/",
    "/sync/x/",
    "/async/x/",
    "/stream/x/",
    "/stream-error/x/",
    "/file/x/",
    "/file-error/x/",
    "/raise/Http404/",
]


@pytest.mark.parametrize("rate", [0.0, 1.0], ids=["not sampled", "sampled"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_request_leaves_its_thread_as_it_was(target: str, rate: float) -> None:
    """The scopes of the process, and no session: whatever became of the request."""
    before = context()
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=rate):
        call_wsgi(target)
        assert context() == before
    assert before[2:] == (None, None)


@pytest.mark.parametrize("rate", [0.0, 1.0], ids=["not sampled", "sampled"])
@pytest.mark.parametrize(
    "target", ["/aok/x/", "/ok/x/", "/async/x/", "/astream/x/", "/astream-error/x/"]
)
def test_a_request_leaves_its_task_as_it_was(target: str, rate: float) -> None:
    """The same under ASGI."""

    async def main() -> None:
        before = context()
        await acall(target)
        assert context() == before

    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=rate):
        asyncio.run(main())


def test_pieces_of_two_bodies_made_in_turns_do_not_mix() -> None:
    """Between two pieces the thread serves somebody else."""

    def slowly(name: str) -> Any:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/stream-error/{name}/",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }
        return WSGIHandler()(environ, lambda *_: lambda _: None)

    with reporting() as kept:
        bodies = {name: slowly(name) for name in ("Wilhelmina", "Ottoline")}
        for body in bodies.values():
            pieces = iter(body)
            assert next(pieces) == b"one"
            assert current_request() is None
            body.rest = pieces
        for body in bodies.values():
            with pytest.raises(ValueError, match="no "):
                next(body.rest)
            body.close()
        events = flushed(kept).payloads("event")
    assert [event["exception"]["values"][0]["value"] for event in events] == ["no [INPUT]"] * 2
    assert events[0]["user"] != events[1]["user"]
    assert current_request() is None


@pytest.mark.parametrize("rate", [0.0, 1.0], ids=["not sampled", "sampled"])
@pytest.mark.parametrize(
    ("target", "takes"),
    [("/slow/Wilhelmina/", 0), ("/slow-stream/Wilhelmina/", 2), ("/astream/Wilhelmina/", 1)],
    ids=["in the view", "in the stream", "between two pieces"],
)
def test_a_visitor_who_hangs_up_leaves_the_task_as_it_was(
    target: str, takes: int, rate: float
) -> None:
    """Django cancels the view or the stream: no error is reported; where sampled, a transaction."""

    async def main() -> None:
        before = context()
        await acall(target, hangs_up_after=0.1, takes=takes)
        assert context() == before

    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=rate) as kept:
        asyncio.run(main())
        assert flushed(kept).payloads("event") == []
    names = [transaction["transaction"] for transaction in kept.payloads("transaction")]
    assert names == [target.replace("Wilhelmina", "<str:name>")] * int(rate)


def test_what_a_request_sets_stays_in_it() -> None:
    """Tags, contexts and users of one request are not on the next."""
    with reporting() as kept:
        call_wsgi("/everything/?q=Wilhelmina")
        call_wsgi("/sync/x/")
        first, second = flushed(kept).payloads("event")
    assert first["tags"]["reason"] == "[INPUT]"
    assert set(second["tags"]) == {"session_id"}
    assert "search" not in second["contexts"]
    assert first["user"] != second["user"]


FORKED = """
import os
from telemetry_core.session import random_session_id
random_session_id()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, "".join(random_session_id() for _ in range(100)).encode())
    os._exit(0)
own = [random_session_id() for _ in range(100)]
os.wait()
text = os.read(reader, 10_000).decode()
theirs = [text[start : start + 32] for start in range(0, len(text), 32)]
print(len(theirs), len({*own, *theirs}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes don't fork here")
def test_ids_of_a_forked_process_are_none_of_its_parents() -> None:
    """Whatever was drawn before the fork belongs to the parent alone."""
    done = python("-c", FORKED, variables=environment())
    assert done.stdout == "100 200\n", done.stderr


def test_ids_drawn_by_threads_side_by_side_are_all_different() -> None:
    """Also where the store of them runs out at the same time in several."""
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: random_session_id(), range(20_000)))
    assert len(set(drawn)) == len(drawn)
    assert all(ID_FORM.fullmatch(each) for each in drawn)
