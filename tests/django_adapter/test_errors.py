"""What goes wrong in a request is reported once, with its route and without its values."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any
from wsgiref.util import FileWrapper

import pytest
import sentry_sdk
from capturing import Kept
from django_calls import MIDDLEWARE, Answer, call_asgi, call_wsgi, flushed, reporting

Call = Callable[..., Answer]

NAME = "Wilhelmina"
"""A value of the visitor's, in the path or the query of every request here."""

TELEMETRY, *OTHERS = MIDDLEWARE
FAILING = "django_site.middleware.Failing"


def the_error(kept: Kept) -> dict[str, Any]:
    """Return the only event, having seen that it holds what each must and not what none may."""
    event = flushed(kept).event()
    assert event["release"] == "shop@1.2.3"
    assert event["environment"] == "testing"
    assert event["request"] == {"method": "GET"}
    assert re.fullmatch("[0-9a-f]{32}", event["user"]["id"])
    assert event["user"] == {"id": event["tags"]["session_id"]}
    assert NAME.encode() not in kept.wire
    return event


def exceptions(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["type"], error["value"]) for error in event["exception"]["values"]]


def innermost(event: dict[str, Any]) -> dict[str, Any]:
    frames: list[dict[str, Any]] = event["exception"]["values"][-1]["stacktrace"]["frames"]
    return frames[-1]


IN_VIEWS = [
    (f"/sync/{NAME}/", "/sync/<str:name>/", "no [INPUT]", "a function"),
    (f"/async/{NAME}/", "/async/<str:name>/", "no [INPUT]", "a coroutine"),
    (f"/class/{NAME}/", "/class/<str:name>/", "no [INPUT]", "a class"),
    (f"/aclass/{NAME}/", "/aclass/<str:name>/", "no [INPUT]", "a class with a coroutine"),
    (f"/nested/7/{NAME}/", "/nested/<int:number>/<str:name>/", "no [INPUT]", "included patterns"),
    (f"/template/{NAME}/", "/template/<str:name>/", "the template broke", "a template"),
    (
        f"/late-template/{NAME}/",
        "/late-template/<str:name>/",
        "the template broke",
        "a template that Django renders after the view",
    ),
]


@pytest.mark.parametrize(
    ("target", "route", "value"), [row[:3] for row in IN_VIEWS], ids=[row[3] for row in IN_VIEWS]
)
def test_an_error_in_a_view_arrives_once(call: Call, target: str, route: str, value: str) -> None:
    """Whatever the view is, its error arrives once, named by the pattern that matched."""
    with reporting() as kept:
        assert call(target).status == 500
        event = the_error(kept)
    assert event["transaction"] == route
    assert event["transaction_info"] == {"source": "route"}
    assert event["contexts"]["response"] == {"status_code": 500}
    assert exceptions(event)[-1] == ("ValueError", value)
    assert event["exception"]["values"][-1]["mechanism"] == {"type": "telemetry", "handled": False}
    assert event["level"] == "error"
    assert innermost(event)["filename"] == "django_site/views.py"


IN_MIDDLEWARE = [
    ("before", "on the way in"),
    ("after", "on the way out"),
    ("process_view", "before the view"),
    ("process_template_response", "before a template is rendered"),
]


@pytest.mark.parametrize("place", ["inner", "outer"])
@pytest.mark.parametrize(
    "fail", [row[0] for row in IN_MIDDLEWARE], ids=[row[1] for row in IN_MIDDLEWARE]
)
def test_an_error_in_middleware_arrives_once(call: Call, fail: str, place: str) -> None:
    """Middleware behind ours and in front of it is reported alike, with the view's route."""
    middleware = [TELEMETRY, *OTHERS, FAILING] if place == "inner" else [FAILING, *MIDDLEWARE]
    view = "late-template" if fail == "process_template_response" else "ok"
    with reporting(MIDDLEWARE=middleware) as kept:
        assert call(f"/{view}/{NAME}/?fail={fail}&name={NAME}").status == 500
        event = the_error(kept)
    assert event["transaction"] == f"/{view}/<str:name>/"
    assert exceptions(event) == [("ValueError", "no [INPUT]")]


def test_an_error_of_process_exception_arrives_with_the_one_it_was_to_handle(call: Call) -> None:
    """A bug in an error handler is reported, chained to the error before it, once."""
    with reporting(MIDDLEWARE=[TELEMETRY, *OTHERS, FAILING]) as kept:
        assert call(f"/sync/{NAME}/?fail=process_exception&name={NAME}").status == 500
        event = the_error(kept)
    assert exceptions(event) == [("ValueError", "no [INPUT]"), ("ValueError", "no [INPUT]")]


@pytest.mark.parametrize("fail", ["sync_before", "sync_render", "sync_after"])
def test_an_error_in_middleware_that_is_not_asynchronous_arrives_once(
    call: Call, fail: str
) -> None:
    """Under ASGI Django runs such middleware in another thread; the error is the same."""
    with reporting(MIDDLEWARE=[*MIDDLEWARE, "django_site.middleware.SyncOnly"]) as kept:
        assert call(f"/ok/{NAME}/?fail={fail}&name={NAME}").status == 500
        assert the_error(kept)["transaction"] == "/ok/<str:name>/"


def test_a_template_rendered_in_middleware_fails_once(call: Call) -> None:
    """A response that middleware puts in place of the view's is followed, too."""
    with reporting(MIDDLEWARE=[*MIDDLEWARE, "django_site.middleware.RendersTemplate"]) as kept:
        assert call(f"/ok/{NAME}/?fail=replaced").status == 500
        assert exceptions(the_error(kept))[-1] == ("ValueError", "the template broke")


def test_an_outer_middleware_fails_in_the_session_that_the_visitor_was_shown() -> None:
    """What fails in front of ours after the response was made joins the session it belongs to."""
    with reporting(MIDDLEWARE=[FAILING, *MIDDLEWARE]) as kept:
        call_wsgi(f"/log/{NAME}/?fail=after&name={NAME}")
        logged, failed = flushed(kept).payloads("event")
    assert logged["user"] == failed["user"]


STREAMED = [
    ("stream-error", "", b"one", ValueError, "no [INPUT]", call_wsgi, "pieces under WSGI"),
    ("astream-error", "", b"one", ValueError, "no [INPUT]", call_asgi, "pieces under ASGI"),
    ("file-error", "", b"one", OSError, "the disk failed", call_wsgi, "a file under WSGI"),
    ("file-error", "w", b"one", OSError, "the disk failed", call_wsgi, "a file the server reads"),
]


@pytest.mark.parametrize(
    ("view", "wrapper", "sent", "kind", "value", "call"),
    [row[:6] for row in STREAMED],
    ids=[row[6] for row in STREAMED],
)
def test_a_body_that_fails_half_way_arrives_once(
    view: str, wrapper: str, sent: bytes, kind: type[Exception], value: str, call: Call
) -> None:
    """The error reaches the server as it would without us, and is reported with its route."""
    given = {"file_wrapper": FileWrapper} if wrapper else {}
    with reporting() as kept:
        answer = call(f"/{view}/{NAME}/", **given)
        event = the_error(kept)
    assert (answer.status, answer.body) == (200, sent)
    assert type(answer.failure) is kind
    assert event["transaction"] == f"/{view}/<str:name>/"
    assert event["contexts"]["response"] == {"status_code": 200}
    assert exceptions(event) == [(kind.__name__, value)]
    assert innermost(event)["filename"] == "django_site/views.py"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous")
def test_a_body_that_is_not_asynchronous_fails_once_under_asgi() -> None:
    """Django reads it in another thread; its error is reported from there."""
    with reporting() as kept:
        assert isinstance(call_asgi(f"/stream-error/{NAME}/").failure, ValueError)
        assert the_error(kept)["transaction"] == "/stream-error/<str:name>/"


def test_the_server_that_logs_what_broke_a_body_off_makes_no_second_event(
    call: Call,
) -> None:
    """Servers log an exception outside the request, in another task: it was reported already."""
    view = "astream-error" if call is call_asgi else "stream-error"
    with reporting() as kept:
        answer = call(f"/{view}/{NAME}/")
        assert answer.failure is not None
        logging.getLogger("uvicorn.error").error("broken off", exc_info=answer.failure)
        the_error(kept)


def test_a_file_stays_a_file_for_the_server() -> None:
    """A server that sends files through the operating system still gets the file, and its close."""
    seen: list[Any] = []

    class Server(FileWrapper):
        def __init__(self, filelike: Any, blksize: int = 8192) -> None:
            super().__init__(filelike, blksize)
            seen.append((filelike.getbuffer().tobytes(), filelike))

    with reporting() as kept:
        answer = call_wsgi(f"/file/{NAME}/", file_wrapper=Server)
    assert answer.body == b"one two"
    assert answer.headers["Content-Length"] == "7"
    assert 'filename="numbers.txt"' in answer.headers["Content-Disposition"]
    assert seen[0][0] == b"one two"
    assert seen[0][1].closed
    assert kept.bodies == []


HANDLED = [
    ("/raise/Http404/", "", 404, "a page that is not there"),
    (f"/nowhere/{NAME}/", "", 404, "a path that no pattern matches"),
    ("/raise/PermissionDenied/", "", 403, "a visitor who may not"),
    ("/raise/SuspiciousOperation/", "", 400, "a suspicious operation, which Django logs"),
    ("/raise/BadRequest/", "", 400, "a bad request"),
    ("/raise/DisallowedHost/", "evil.example", 400, "a host that is not allowed"),
    (f"/sync/{NAME}/?handle=200", "", 200, "an error that process_exception answers"),
    (f"/sync/{NAME}/?handle=500", "", 500, "the same with a page of its own"),
    ("/status/500/", "", 500, "a status the view chose"),
    ("/status/503/", "", 503, "another"),
]


@pytest.mark.parametrize(
    ("target", "host", "status"), [row[:3] for row in HANDLED], ids=[row[3] for row in HANDLED]
)
def test_what_django_or_the_site_handles_is_no_crash(
    call: Call, target: str, host: str, status: int
) -> None:
    """Answers that Django means to give are not reported, and neither are its logs of them."""
    headers = {"Host": host} if host else {}
    with reporting(MIDDLEWARE=[TELEMETRY, *OTHERS, FAILING]) as kept:
        assert call(target, headers=headers).status == status
        assert flushed(kept).bodies == []


ENDINGS = [
    ("1", SystemExit, True, "a worker that is told to exit for taking too long"),
    ("text", SystemExit, True, "an exit with a message"),
    ("0", SystemExit, False, "an exit that means success"),
    ("none", SystemExit, False, "an exit with no status"),
    ("interrupt", KeyboardInterrupt, False, "Ctrl-C"),
    ("cancelled", asyncio.CancelledError, False, "a visitor who has gone away"),
    ("generator", GeneratorExit, False, "a generator that is closed"),
]


@pytest.mark.parametrize(
    ("by", "kind", "reported"), [row[:3] for row in ENDINGS], ids=[row[3] for row in ENDINGS]
)
def test_a_view_that_ends_by_more_than_an_exception_is_reported_if_that_is_a_failure(
    by: str, kind: type[BaseException], reported: bool
) -> None:
    """Django lets these pass to the server, which gets them as they are; its transaction ends."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        with pytest.raises(kind):
            call_wsgi(f"/leave/{NAME}/?by={by}")
        found = flushed(kept).payloads("event")
        assert len(kept.payloads("transaction")) == 1
    assert [event["exception"]["values"][0]["type"] for event in found] == (
        ["SystemExit"] if reported else []
    )
    assert NAME.encode() not in kept.wire


def test_logging_the_error_that_is_raised_makes_no_second_event(call: Call) -> None:
    """The first reporter of an error wins: here the view's own logger, by what it said."""
    with reporting() as kept:
        assert call(f"/logged/{NAME}/").status == 500
        event = the_error(kept)
    assert event["logentry"]["formatted"] == "failed for [INPUT]"
    assert exceptions(event) == [("ValueError", "no [INPUT]")]


def test_a_different_error_makes_an_event_of_its_own(call: Call) -> None:
    """Two errors in one request are two events of one session."""
    with reporting() as kept:
        assert call(f"/logged-other/{NAME}/").status == 500
        first, second = flushed(kept).payloads("event")
    assert [exceptions(first)[0][0], exceptions(second)[-1][0]] == ["KeyError", "ValueError"]
    assert first["user"] == second["user"]
    assert NAME.encode() not in kept.wire


def test_the_same_exception_object_is_reported_for_every_request(call: Call) -> None:
    """An exception made once and raised by each request is an error of each."""
    with reporting() as kept:
        for _ in range(2):
            call("/sync/Wilhelmina/")
        assert len(flushed(kept).payloads("event")) == 2


def test_the_reference_on_the_error_page_is_the_session_of_the_event() -> None:
    """A visitor who quotes the code on the page can be helped; it is `request`'s, and ours."""
    with reporting() as kept:
        page = call_wsgi(f"/sync/{NAME}/").body.decode()
        assert f"<code>{the_error(kept)['user']['id']}</code>" in page
        shown = call_wsgi("/tell/").body
    assert re.fullmatch(rb'{"attribute": "([0-9a-f]{32})", "manager": "\1"}', shown)


def test_debug_pages_and_propagated_exceptions_are_reported_as_well(call: Call) -> None:
    """DEBUG changes what the visitor sees, not what is reported."""
    with reporting(DEBUG=True) as kept:
        assert b"Traceback" in call(f"/sync/{NAME}/").body
        the_error(kept)


def test_propagated_exceptions_are_reported_once() -> None:
    """DEBUG_PROPAGATE_EXCEPTIONS hands the error to the server, through all middleware."""
    with reporting(DEBUG_PROPAGATE_EXCEPTIONS=True) as kept:
        with pytest.raises(ValueError, match=f"no {NAME}"):
            call_wsgi(f"/sync/{NAME}/")
        the_error(kept)


def test_breadcrumbs_from_outside_requests_stay_there(call: Call) -> None:
    """What a server logs between requests can be of another visitor; tags of the process remain."""
    with reporting() as kept, sentry_sdk.isolation_scope() as scope:
        scope.set_tag("category", "blue")
        logging.getLogger("server").info("GET /sync/Ottoline/ failed")
        call(f"/sync/{NAME}/")
        event = the_error(kept)
    assert "breadcrumbs" not in event or event["breadcrumbs"] == {"values": []}
    assert event["tags"]["category"] == "blue"
