"""What goes wrong in a request is reported once, with its rule and without its values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from flask import Flask
from flask_calls import Site, call, environ_for, flushed, site
from flask_site import create_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware

NAME = "Wilhelmina"
"""A value of the visitor's, in the path or the query of every request here."""


def the_error(site: Site) -> dict[str, Any]:
    """Return the only event, having seen that it holds what each must and not what none may."""
    event = flushed(site).event()
    assert event["release"] == "notes@1.2.3"
    assert event["environment"] == "testing"
    assert event["request"] == {"method": "GET"}
    assert re.fullmatch("[0-9a-f]{32}", event["user"]["id"])
    assert event["user"] == {"id": event["tags"]["session_id"]}
    assert NAME.encode() not in site.kept.wire
    return event


def exceptions(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["type"], error["value"]) for error in event["exception"]["values"]]


def innermost(event: dict[str, Any]) -> dict[str, Any]:
    frames: list[dict[str, Any]] = event["exception"]["values"][-1]["stacktrace"]["frames"]
    return frames[-1]


IN_VIEWS = [
    (f"/sync/{NAME}", "/sync/<name>", "a function"),
    (f"/async/{NAME}", "/async/<name>", "a coroutine"),
    (f"/class/{NAME}", "/class/<name>", "a class"),
    (f"/print/sync/{NAME}", "/print/sync/<name>", "a blueprint's function"),
    (f"/template/{NAME}", "/template/<name>", "a template"),
]


@pytest.mark.parametrize(
    ("target", "rule"), [row[:2] for row in IN_VIEWS], ids=[row[2] for row in IN_VIEWS]
)
def test_an_error_in_a_view_arrives_once(target: str, rule: str) -> None:
    """Whatever the view is, its error arrives once, named by the rule that matched."""
    with site() as running:
        assert call(running.app, target).status == 500
        event = the_error(running)
    assert event["transaction"] == rule
    assert event["transaction_info"] == {"source": "route"}
    assert event["contexts"]["response"] == {"status_code": 500}
    assert exceptions(event) == [("ValueError", "no [INPUT]")]
    assert event["exception"]["values"][-1]["mechanism"] == {"type": "telemetry", "handled": False}
    assert event["level"] == "error"
    assert innermost(event)["filename"] == "flask_site.py"


IN_HOOKS = [
    ("/ok", "url_value_preprocessor", "before all else"),
    ("/ok", "before_request", "on the way in"),
    ("/ok", "after_request", "on the way out"),
    ("/ok", "teardown_request", "when the response is made"),
    ("/ok", "teardown_appcontext", "and after that, when the request is gone"),
    ("/print", "blueprint_preprocessor", "a blueprint's, before all else"),
    ("/print", "blueprint_before", "a blueprint's, on the way in"),
    ("/print", "blueprint_after", "a blueprint's, on the way out"),
    ("/print", "blueprint_teardown", "a blueprint's, when the response is made"),
    ("/refused", "errorhandler", "a handler of errors"),
]


@pytest.mark.parametrize(
    ("prefix", "place"), [row[:2] for row in IN_HOOKS], ids=[row[1] for row in IN_HOOKS]
)
def test_an_error_in_a_hook_arrives_once(prefix: str, place: str) -> None:
    """What Flask runs around the view is reported alike, with the view's rule."""
    with site() as running:
        call(running.app, f"{prefix}/{NAME}?fail={place}&name={NAME}")
        event = the_error(running)
    assert event["transaction"] == f"{prefix}/<name>"
    assert event["contexts"]["response"] == {"status_code": 500}
    assert exceptions(event)[-1] == ("ValueError", "no [INPUT]")


class Failing:
    """WSGI middleware that fails before or after the application, or in the body."""

    def __init__(self, application: Callable[..., Any], place: str) -> None:
        self.application = application
        self.place = place

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = environ["PATH_INFO"].rpartition("/")[2]
        if self.place == "before":
            raise ValueError(f"no {name}")
        body = self.application(environ, start_response)
        if self.place == "after":
            raise ValueError(f"no {name}")
        return self.lazily(body, name) if self.place == "body" else body

    def lazily(self, body: Iterable[bytes], name: str) -> Iterable[bytes]:
        yield from body
        raise ValueError(f"no {name}")


def wrapped_late(place: str, **settings: Any) -> Flask:
    app = create_app(**settings)
    app.wsgi_app = Failing(app.wsgi_app, place)  # type: ignore[method-assign]
    return app


@pytest.mark.parametrize("place", ["before", "after", "body"])
def test_an_error_in_wsgi_middleware_arrives_once(place: str) -> None:
    """Middleware that is put around after `init_app` is followed like any other, with the rule."""
    with site(lambda **settings: wrapped_late(place, **settings)) as running:
        assert isinstance(call(running.app, f"/ok/{NAME}").failure, ValueError)
        event = the_error(running)
    assert event["transaction"] == "/ok/<name>"
    assert exceptions(event) == [("ValueError", "no [INPUT]")]


def test_an_error_of_a_view_passes_middleware_unreported() -> None:
    """Middleware around changes nothing: one event, and the transaction of one request."""
    with site(
        lambda **settings: wrapped_late("never", **settings), TELEMETRY_TRACES_SAMPLE_RATE=1.0
    ) as running:
        call(running.app, f"/sync/{NAME}")
        assert len(flushed(running).payloads("transaction")) == 1
        assert len(running.kept.payloads("event")) == 1


def test_the_application_behind_its_own_wsgi_app_is_followed() -> None:
    """Servers and dispatchers are often given ``app.wsgi_app``, which is followed as well."""
    with site() as running:
        mounted = DispatcherMiddleware(running.app.wsgi_app, {})
        assert call(mounted, f"/sync/{NAME}").status == 500
        assert the_error(running)["transaction"] == "/sync/<name>"


def test_a_mounted_application_reports_once() -> None:
    """An application inside another's ``wsgi_app`` reports its own errors, under its own rule."""
    with site() as running:
        outer = running.app
        outer.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
            outer.wsgi_app, {"/inner": create_app(**outer_settings(outer))}
        )
        assert call(outer, f"/inner/sync/{NAME}").status == 500
        assert the_error(running)["transaction"] == "/sync/<name>"


def outer_settings(app: Flask) -> dict[str, Any]:
    return {name: value for name, value in app.config.items() if name.startswith("TELEMETRY_")}


def test_a_session_that_can_not_be_opened_is_reported() -> None:
    """Flask's own steps before any hook are part of the request."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        class Broken(type(app.session_interface)):  # type: ignore[misc]
            def open_session(self, app: Flask, request: Any) -> Any:
                raise ValueError(f"no session for {request.path}")

            def is_null_session(self, obj: object) -> bool:
                return True

        app.session_interface = Broken()
        return app

    with site(make) as running:
        call(running.app, f"/ok/{NAME}")
        assert "no session for" in exceptions(the_error(running))[-1][1]


STREAMED = [
    ("stream", b"one", False, "pieces"),
    ("stream-in-context", b"one", False, "pieces made in the request's context"),
    ("stream-at-once", b"", False, "a body that fails at once"),
    ("file-error", b"one", False, "a file"),
    ("file-error", b"one", True, "a file that the server reads"),
    ("on-close", b"ok", False, "what was to run when the body is closed"),
]


@pytest.mark.parametrize(
    ("view", "sent", "wrapped"), [row[:3] for row in STREAMED], ids=[row[3] for row in STREAMED]
)
def test_a_body_that_fails_half_way_arrives_once(view: str, sent: bytes, wrapped: bool) -> None:
    """The error reaches the server as it would without us, and is reported with its rule."""
    environ = {"wsgi.file_wrapper": FileWrapper} if wrapped else {}
    with site() as running:
        answer = call(running.app, f"/{view}/{NAME}", environ=environ)
        event = the_error(running)
    assert (answer.status, answer.body) == (200, sent)
    assert isinstance(answer.failure, ValueError | OSError)
    assert event["transaction"] == f"/{view}/<name>"
    assert event["contexts"]["response"] == {"status_code": 200}
    assert exceptions(event)[0][1] in ("no [INPUT]", "no disk for [INPUT]")
    assert innermost(event)["filename"] == "flask_site.py"


def test_a_file_stays_a_file_for_the_server() -> None:
    """A server that sends files through the operating system still gets the file, and its close."""
    seen: list[Any] = []

    class Server(FileWrapper):
        def __init__(self, filelike: Any, blksize: int = 8192) -> None:
            super().__init__(filelike, blksize)
            seen.append(self)

    with site() as running:
        environ = {**environ_for(f"/file/{NAME}"), "wsgi.file_wrapper": Server}
        application: Any = running.app
        body = application(environ, lambda *_: None)
        assert body is seen[0]
        assert body.filelike.getbuffer().tobytes() == b"one two"
        body.close()
        assert body.filelike.closed
        assert running.kept.bodies == []


HANDLED = [
    (f"/nowhere/{NAME}", "GET", 404, "a path that no rule matches"),
    (f"/ok/{NAME}", "DELETE", 405, "a method that no rule takes"),
    (f"/abort/404/{NAME}", "GET", 404, "abort()"),
    (f"/abort/403/{NAME}", "GET", 403, "a visitor who may not"),
    (f"/abort/503/{NAME}", "GET", 503, "an HTTPException that is a server's fault"),
    (f"/refused/{NAME}", "GET", 409, "an error with a handler"),
    ("/status/500", "GET", 500, "a status the view chose"),
    (f"/ok/{NAME}", "GET", 200, "nothing went wrong"),
    (f"/numbers/{NAME}", "GET", 200, "nothing went wrong while streaming"),
    (f"/file/{NAME}", "GET", 200, "nor with a file"),
]


@pytest.mark.parametrize(
    ("target", "method", "status"), [row[:3] for row in HANDLED], ids=[row[3] for row in HANDLED]
)
def test_what_flask_or_the_site_handles_is_no_crash(target: str, method: str, status: int) -> None:
    """Answers that the site means to give are not reported."""
    with site() as running:
        answer = call(running.app, target, method=method)
        assert (answer.status, answer.failure) == (status, None)
        assert flushed(running).bodies == []


def test_a_process_that_is_told_to_exit_in_a_view_is_reported() -> None:
    """As gunicorn does with a worker that takes too long: the place where it hung is shown."""
    with site() as running:
        assert isinstance(call(running.app, f"/exit/{NAME}").failure, SystemExit)
        assert the_error(running)["exception"]["values"][-1]["type"] == "SystemExit"


def test_flasks_own_log_of_an_error_makes_no_second_event() -> None:
    """Flask logs ``Exception on /... [GET]`` with the error that was just reported."""
    with site() as running:
        call(running.app, f"/sync/{NAME}")
        assert "logentry" not in the_error(running)


def test_logging_the_error_that_is_raised_makes_no_second_event() -> None:
    """The first reporter of an error wins: here the view's own logger, by what it said."""
    with site() as running:
        assert call(running.app, f"/logged/{NAME}").status == 500
        event = the_error(running)
    assert event["logentry"]["formatted"] == "failed for [INPUT]"
    assert exceptions(event) == [("ValueError", "no [INPUT]")]


def test_a_different_error_makes_an_event_of_its_own() -> None:
    """Two errors in one request are two events of one session."""
    with site() as running:
        assert call(running.app, f"/logged-other/{NAME}").status == 500
        first, second = flushed(running).payloads("event")
        assert NAME.encode() not in running.kept.wire
    assert [exceptions(first)[0][0], exceptions(second)[-1][0]] == ["KeyError", "ValueError"]
    assert first["user"] == second["user"]


def test_an_error_that_is_caused_by_another_arrives_with_it() -> None:
    """Chained exceptions are one event, and known values are taken out of each."""
    with site() as running:
        call(running.app, f"/chained/{NAME}")
        assert exceptions(the_error(running)) == [
            ("KeyError", "'[INPUT]'"),
            ("ValueError", "no [INPUT]"),
        ]


def test_the_same_exception_object_is_reported_for_every_request() -> None:
    """An exception made once and raised by each request is an error of each."""
    once = ValueError("made once")

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.get("/once")
        def view() -> str:
            raise once

        return app

    with site(make) as running:
        for _ in range(2):
            call(running.app, "/once")
        assert len(flushed(running).payloads("event")) == 2


PROPAGATING = [
    ({"TESTING": True}, "tests"),
    ({"DEBUG": True}, "debugging"),
    ({"PROPAGATE_EXCEPTIONS": True}, "asked for"),
]


@pytest.mark.parametrize(
    "config", [row[0] for row in PROPAGATING], ids=[row[1] for row in PROPAGATING]
)
def test_errors_that_propagate_are_reported_once(config: dict[str, bool]) -> None:
    """The error reaches the server, or the test's client, and telemetry once."""
    with site(**config) as running:
        running.app.debug = config.get("DEBUG", False)
        assert isinstance(call(running.app, f"/sync/{NAME}").failure, ValueError)
        the_error(running)


def test_the_reference_on_the_error_page_is_the_session_of_the_event() -> None:
    """A visitor who quotes the code on the page can be helped; it is `g`'s and the template's."""
    with site() as running:
        page = call(running.app, f"/sync/{NAME}?fail=url_value_preprocessor").body.decode()
        session_id = the_error(running)["user"]["id"]
        assert page == f"<code>{session_id}</code> <code>{session_id}</code>"
        shown = call(running.app, "/reference").body.decode()
    assert re.search(r'"attribute":"([0-9a-f]{32})","got":"\1","template":"\1"', shown)
