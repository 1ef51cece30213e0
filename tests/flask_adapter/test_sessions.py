"""Sessions in Flask: by the request, or by the visitor's pseudonym; and crash-free counts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sentry_sdk
from flask import Flask, Response, request, session
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from flask_calls import Site, call, flushed, site
from flask_site import create_app

from telemetry_core.visitor import visitor_id

SECRET = "only-for-tests"
KEY = "abcdefghij"
OTHER = "klmnopqrst"


def key() -> str:
    """Return what tells this visitor from others; empty where nothing does."""
    return request.headers.get("X-Key", "")


def keeping(entry: str) -> Callable[..., Flask]:
    """Return what makes a site that keeps the visitor's key in the session of a cookie."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.before_request
        def log_in() -> None:
            if key():
                session[entry] = key()

        return app

    return make


class StoredSession(SecureCookieSession):
    """A session that is kept on the server, as Flask-Session's are: it has an id."""

    sid: str


class Store(SessionInterface):
    def open_session(self, app: Flask, request: Any) -> StoredSession:
        opened = StoredSession()
        opened.sid = key() or secrets.token_hex()
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        return None


def storing(**settings: Any) -> Flask:
    app = create_app(**settings)
    app.session_interface = Store()
    return app


VISITORS: list[tuple[Callable[..., Flask], str]] = [
    (keeping("_user_id"), "who is logged in with Flask-Login"),
    (keeping("user_id"), "who is logged in as Flask's tutorial does it"),
    (storing, "a session that is kept on the server"),
]


def ids_of(make: Callable[..., Flask], *keys: str, **settings: Any) -> list[str]:
    """Return the ids of the errors of visits, each by the visitor of a key, or by nobody."""
    with site(make, **settings) as running:
        for each in keys:
            call(running.app, "/sync/bert", headers={"X-Key": each} if each else {})
        assert not any(each.encode() in running.kept.wire for each in keys if each)
        return [event["user"]["id"] for event in flushed(running).payloads("event")]


@pytest.mark.parametrize("make", [row[0] for row in VISITORS], ids=[row[1] for row in VISITORS])
def test_each_request_is_a_session_by_default(make: Callable[..., Flask]) -> None:
    """Two errors of one visitor can't be told from those of two."""
    first, second = ids_of(make, KEY, KEY)
    assert first != second


@pytest.mark.parametrize("make", [row[0] for row in VISITORS], ids=[row[1] for row in VISITORS])
def test_a_visitor_has_one_pseudonym_where_that_is_asked_for(make: Callable[..., Flask]) -> None:
    """From the session and the secret key; whoever is not known is somebody else each time."""
    settings = {"TELEMETRY_SESSION_SCOPE": "visitor"}
    first, second, other, nobody, nobody_else = ids_of(make, KEY, KEY, OTHER, "", "", **settings)
    assert first == second == visitor_id(KEY, SECRET)
    assert len({first, other, nobody, nobody_else}) == 4


def getting_over(**settings: Any) -> Flask:
    app = create_app(**settings)

    @app.get("/handled")
    def handled() -> str:
        try:
            raise KeyError("seat")
        except KeyError as error:
            sentry_sdk.capture_exception(error)
        return "there is another"

    return app


ENDS = [
    ("/ok/bert", "exited", "an answer"),
    ("/nothing/here", "exited", "no rule for it"),
    ("/refused/bert", "exited", "an error that the site answers"),
    ("/numbers/bert", "exited", "a streamed body"),
    ("/handled", "errored", "an error that the view reports and gets over"),
    ("/sync/bert", "crashed", "an error"),
    ("/async/bert", "crashed", "an error in a coroutine"),
    ("/stream/bert", "crashed", "a body that fails half-way"),
    ("/ok/bert?fail=teardown_request", "crashed", "an error when the response is made"),
]


@pytest.fixture(scope="module")
def counting() -> Iterator[Site]:
    """Make a site that counts its requests."""
    with site(getting_over, TELEMETRY_SENTRY_OPTIONS={"auto_session_tracking": True}) as running:
        yield running


@pytest.mark.parametrize(
    ("target", "outcome"), [row[:2] for row in ENDS], ids=[row[2] for row in ENDS]
)
def test_requests_are_counted_for_crash_free_rates(
    counting: Site, target: str, outcome: str
) -> None:
    """Each as it ended, with nobody in them; where the browser asks not to be counted, not."""
    counting.kept.bodies.clear()
    call(counting.app, target)
    call(counting.app, target, headers={"Sec-GPC": "1"})
    flushed(counting)
    counting.app.extensions["telemetry"].client.session_flusher.flush()
    [counted] = counting.kept.payloads("sessions")
    [aggregate] = counted["aggregates"]
    assert aggregate.keys() == {"started", outcome}
    assert aggregate[outcome] == 1


def test_an_error_with_a_handler_is_reported_where_that_is_asked_for() -> None:
    """The handler that captures it decides; it is one event, and marked as dealt with."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.errorhandler(LookupError)
        def found_nothing(error: LookupError) -> tuple[str, int]:
            app.extensions["telemetry"].capture_exception(error)
            return "nothing found", 404

        @app.get("/find/<name>")
        def find(name: str) -> str:
            raise LookupError(f"no {name}")

        return app

    with site(make) as running:
        assert call(running.app, "/find/Wilhelmina").status == 404
        event = flushed(running).event()
    [error] = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("LookupError", "no [INPUT]")
    assert error["mechanism"]["handled"] is True
    assert event["transaction"] == "/find/<name>"
