"""What the visitor sent, and who is logged in, is known where something is captured."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest
import sentry_sdk
from flask import Flask, Request, Response, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_calls import call, flushed, site
from flask_site import create_app
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Request as WerkzeugRequest

from telemetry_core.values import texts_in, texts_of_cookies, texts_of_query
from telemetry_flask import Telemetry

NAME = "Wilhelmina"


def app_with(view: Callable[[], Any], **settings: Any) -> Flask:
    """Make the site with one more view, which takes every method."""
    app = create_app(**settings)
    app.add_url_rule("/view", "view", view, methods=["GET", "POST"])
    app.add_url_rule("/view/<path:name>", "named", lambda name: view(), methods=["GET", "POST"])
    return app


def known_in(view: Callable[[], Any], target: str = "/view", **given: Any) -> dict[str, Any]:
    """Call the view, which is to fail with the name, and return its event without the name."""
    with site(lambda **settings: app_with(view, **settings)) as running:
        assert call(running.app, target, **given).status == 500
        assert NAME.encode() not in flushed(running).wire
        return running.kept.event()


def value_of(event: dict[str, Any]) -> str:
    value: str = event["exception"]["values"][-1]["value"]
    return value


ASCII = st.text(st.sampled_from("ab=&;+, \t.-_[]\\\"'7~#?\x00"), max_size=30)


@given(ASCII)
def test_a_query_that_nobody_has_read_is_read_alike(query: str) -> None:
    """It tells the names and values that Werkzeug would tell."""
    read = WerkzeugRequest({"QUERY_STRING": query}).args
    texts = texts_of_query(query)
    assert texts is not None
    assert set(texts) == set(texts_in(list(read.lists())))


@given(ASCII)
def test_of_cookies_that_nobody_has_read_no_value_is_missing(cookies: str) -> None:
    """They tell all that Werkzeug would tell, and what it leaves out as malformed."""
    read = WerkzeugRequest({"HTTP_COOKIE": cookies}).cookies
    texts = texts_of_cookies(cookies)
    if '"' in cookies:
        assert texts is None
    else:
        assert texts is not None
        assert set(texts) >= set(texts_in(dict(read.lists())))


@pytest.mark.parametrize("sent", ["q=J%C3%BCrgen", "q=J\xc3\xbcrgen", "q=%ff"])
def test_what_has_to_be_decoded_is_left_to_werkzeug(sent: str) -> None:
    """Nobody would find it in a text as it was sent."""
    assert texts_of_query(sent) is None
    assert (texts_of_cookies(sent) is None) == (not sent.isascii())


class Reversing(Request):
    """A request of which the application writes what was sent the other way round."""

    @property
    def args(self) -> Any:
        return MultiDict({"q": self.environ["QUERY_STRING"][::-1]})

    @property
    def cookies(self) -> Any:
        return ImmutableMultiDict({"q": self.environ.get("HTTP_COOKIE", "")[::-1]})


@pytest.mark.parametrize(
    ("query", "cookie"), [(NAME[::-1], ""), ("", NAME[::-1])], ids=["query", "cookie"]
)
def test_what_a_request_class_makes_of_it_is_known(query: str, cookie: str) -> None:
    """An application's own class is asked, not what the visitor has sent."""

    class Site(Flask):
        request_class = Reversing

    with site(lambda **settings: _failing(Site("site"), settings)) as running:
        assert call(running.app, f"/view?{query}", headers={"Cookie": cookie}).status == 500
        assert value_of(running.kept.event()) == "[INPUT] is missing"


def _failing(app: Flask, settings: dict[str, Any]) -> Flask:
    app.config.update(settings)
    Telemetry(app)

    @app.get("/view")
    def view() -> str:
        raise ValueError(f"{NAME} is missing")

    return app


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"

SENT = [
    ("/view/Wilhelmina", "", "", {}, "a path argument"),
    ("/view?q=Wilhelmina", "", "", {}, "the query"),
    ("/view?q=a&q=Wilhelmina", "", "", {}, "a parameter that is there twice"),
    ("/view", f"name={NAME}", FORM, {}, "a form"),
    ("/view", json.dumps({"a": [{"b": NAME}]}), "application/json", {}, "JSON"),
    ("/view", NAME, "text/plain", {}, "a body of text"),
    ("/view", "", "", {"Cookie": f"name={NAME}"}, "a cookie"),
    ("/view", "", "", {"Cookie": f'name="{NAME}"'}, "a cookie in quotes"),
    ("/view", "", "", {"Cookie": f'name="a"; name="{NAME}"'}, "a cookie that is there twice"),
    ("/view", "", "", {"X-Name": NAME}, "a header"),
    ("/view", "", "", {"Authorization": f"Bearer {NAME}"}, "a token"),
    (
        "/view",
        f'--x\r\nContent-Disposition: form-data; name="f"; filename="{NAME}.txt"\r\n\r\n\r\n--x--',
        MULTIPART,
        {},
        "the name of a file",
    ),
]


@pytest.mark.parametrize(
    ("target", "body", "content_type", "headers"),
    [row[:4] for row in SENT],
    ids=[row[4] for row in SENT],
)
def test_what_the_visitor_sent_is_taken_out(
    target: str, body: str, content_type: str, headers: dict[str, str]
) -> None:
    """From wherever in the request a value came, it is taken out of the exception's message."""

    def view() -> Any:
        if content_type == "application/json":
            request.get_json()
        elif content_type == "text/plain":
            request.get_data()
        else:
            assert request.form is not None
        raise ValueError(f"no {NAME}, and no {NAME}.txt")

    event = known_in(
        view,
        target,
        method="POST",
        body=body.encode(),
        content_type=content_type,
        headers=headers,
    )
    assert "[INPUT]" in value_of(event)


READS: list[tuple[Callable[[], bytes], str]] = [
    (lambda: bytes(request.stream.read()), "the stream"),
    (lambda: request.get_data(cache=False), "data that is not kept"),
    (lambda: b"".join(iter(lambda: request.stream.read(5), b"")), "in pieces"),
    (lambda: b"".join(request.stream), "line by line"),
    (lambda: TextIOWrapper(request.stream, "utf-8").read().encode(), "as text"),
    (lambda: request.environ["wsgi.input"].read(int(request.headers["Content-Length"])), "WSGI's"),
]


@pytest.mark.parametrize("read", [row[0] for row in READS], ids=[row[1] for row in READS])
def test_what_the_view_reads_of_the_stream_itself_is_taken_out(read: Callable[[], bytes]) -> None:
    """Flask keeps nothing of it."""

    def view() -> Any:
        raise ValueError(f"no {json.loads(read())['name']}")

    body = json.dumps({"name": NAME}).encode()
    event = known_in(view, method="POST", body=body, content_type="application/json")
    assert value_of(event) == "no [INPUT]"


@dataclass
class Person:
    name: str


@dataclass(slots=True)
class SlottedPerson:
    name: str


class Named(namedtuple("Named", ["name"])):
    __slots__ = ()


class Customer:
    def __init__(self) -> None:
        self.id, self.email, self.called = 7, "w@example.com", NAME


USERS = [
    ("user", {"name": NAME}, "a mapping"),
    ("user", Person(NAME), "an object"),
    ("user", SlottedPerson(NAME), "an object with slots"),
    ("user", Named(NAME), "a named tuple"),
    ("user", NAME, "a text"),
    ("_login_user", Person(NAME), "Flask-Login's"),
    ("flask_httpauth_user", NAME, "Flask-HTTPAuth's"),
    ("_jwt_extended_jwt_user", {"loaded_user": Customer()}, "Flask-JWT-Extended's"),
    ("customer", Customer(), "an object by another name, with an e-mail address"),
    ("claims", {"preferred_username": NAME}, "claims of a token"),
    ("username", NAME, "a text that is called so"),
]


@pytest.mark.parametrize(
    ("name", "user"), [row[:2] for row in USERS], ids=[row[2] for row in USERS]
)
def test_who_is_logged_in_is_taken_out(name: str, user: Any) -> None:
    """Wherever in `g` applications and extensions keep a user, the user's texts are known."""

    def view() -> Any:
        setattr(g, name, user)
        raise ValueError(f"no {NAME}")

    assert value_of(known_in(view)) == "no [USER]"


def test_other_things_in_g_hide_nothing() -> None:
    """What belongs to nobody stays: it would only take words out of messages."""

    class Connection:
        def __init__(self) -> None:
            self.state = "connected"

        def keys(self) -> Any:
            raise AssertionError("nobody asked for this")

    def view() -> Any:
        g.connection, g.language, g.settings = Connection(), "german", {"theme": "darkness"}
        raise ValueError("connected in german darkness")

    with site(lambda **settings: app_with(view, **settings)) as running:
        call(running.app, "/view")
        assert value_of(flushed(running).event()) == "connected in german darkness"


def test_a_proxy_in_g_is_not_loaded() -> None:
    """Flask-Login's ``current_user`` and its like stay what they are: nothing is loaded for us."""
    loads: list[int] = []

    def load() -> Person:
        loads.append(1)
        return Person(NAME)

    def view() -> Any:
        g.user = LocalProxy(load)
        raise ValueError("no matter")

    known_in(view)
    assert loads == []


def test_flask_login_is_known() -> None:
    """A real log-in: once Flask-Login has loaded the user, the user's fields are known."""
    flask_login = pytest.importorskip("flask_login")

    class User:
        is_authenticated = is_active = True
        is_anonymous = False

        def __init__(self) -> None:
            self.called = NAME

        def get_id(self) -> str:
            return "7"

    def make(**settings: Any) -> Flask:
        def view() -> Any:
            flask_login.login_user(User())
            raise ValueError(f"no {flask_login.current_user.called}")

        app = app_with(view, **settings)
        manager = flask_login.LoginManager(app)
        manager.user_loader(lambda _: User())
        return app

    with site(make) as running:
        call(running.app, "/view")
        assert value_of(flushed(running).event()) == "no [USER]"


def cookie_of(app: Flask, **held: Any) -> str:
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return f"session={serializer.dumps(held)}"


def test_what_the_session_holds_is_taken_out() -> None:
    """A signed cookie's values are the visitor's, though the cookie itself reads otherwise."""

    def view() -> Any:
        raise ValueError(f"no {NAME}")

    with site(lambda **settings: app_with(view, **settings)) as running:
        headers = {"Cookie": cookie_of(running.app, basket={"for": NAME})}
        call(running.app, "/view", headers=headers)
        assert value_of(flushed(running).event()) == "no [INPUT]"


def test_reading_the_session_for_telemetry_is_no_use_of_it() -> None:
    """A response says that it varies by the cookie only if the application used the session."""

    def make(**settings: Any) -> Flask:
        app = Flask(__name__)
        app.config.update(SECRET_KEY="only-for-tests", **settings)
        from telemetry_flask import Telemetry

        Telemetry(app)

        @app.get("/view")
        def view() -> str:
            app.logger.error("logged")
            return "ok"

        return app

    with site(make) as running:
        answer = call(running.app, "/view", headers={"Cookie": cookie_of(running.app, a="b")})
        flushed(running).event()
    assert "Vary" not in answer.headers


class LazySession(dict[str, Any], SessionMixin):
    """A session that is loaded when somebody looks into it."""

    def items(self) -> Any:
        raise AssertionError("nobody has looked into the session")


def test_a_session_that_is_not_loaded_stays_so() -> None:
    """Only what a session holds already is read; none of its methods is called."""

    def make(**settings: Any) -> Flask:
        def view() -> Any:
            raise ValueError("no matter")

        app = Flask(__name__)
        app.config.update(**settings)

        class Interface(SecureCookieSessionInterface):
            def open_session(self, app: Flask, request: Any) -> Any:
                return LazySession()

            def save_session(self, app: Flask, session: Any, response: Any) -> None:
                return None

        app.session_interface = Interface()
        from telemetry_flask import Telemetry

        Telemetry(app)
        app.add_url_rule("/view", "view", view)
        return app

    with site(make) as running:
        call(running.app, "/view")
        flushed(running).event()
        assert running.app.extensions["telemetry"].drops.counts() == {}


class Instrumented(BytesIO):
    """A body that tells what is read of it."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.calls: list[str] = []

    def read(self, *size: Any) -> bytes:
        self.calls.append("read")
        return super().read(*size)

    def readline(self, *size: Any) -> bytes:
        self.calls.append("readline")
        return super().readline(*size)

    def readinto(self, *into: Any) -> int:
        self.calls.append("readinto")
        return super().readinto(*into)


@pytest.mark.parametrize(
    "content_type", [FORM, "application/json", "text/plain", MULTIPART, ""], ids=str
)
def test_a_body_that_nobody_read_is_not_read(content_type: str) -> None:
    """Not for known values, nor for the consent callable, nor at the end."""
    body = Instrumented(b'{"name": "Wilhelmina"}')

    def consent(request: Any) -> bool:
        with pytest.raises(RuntimeError):
            assert request.form
        return True

    with site(TELEMETRY_CONSENT=consent, TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        environ = {"wsgi.input": body, "CONTENT_LENGTH": "22"}
        call(
            running.app,
            f"/sync/{NAME}",
            method="POST",
            content_type=content_type,
            environ=environ,
        )
        assert len(flushed(running).payloads("event")) == 1
    assert body.calls == []


def test_a_stream_that_the_view_reads_stays_the_views() -> None:
    """What is captured half-way through a stream takes nothing away from it."""
    seen: list[bytes] = []

    def view() -> str:
        seen.append(request.stream.read(4))
        current_app.logger.error("half-way")
        seen.append(request.stream.read())
        return "ok"

    with site(lambda **settings: app_with(view, **settings)) as running:
        body = b"one two three"
        assert call(running.app, "/view", method="POST", body=body).status == 200
        assert len(flushed(running).payloads("event")) == 1
    assert seen == [b"one ", b"two three"]


def logs(name: str) -> None:
    current_app.logger.error("failed for %s", name)


def leaves_a_breadcrumb(name: str) -> None:
    current_app.logger.warning("looked for %s", name)
    sentry_sdk.add_breadcrumb(message=f"asked {name}", data={"operation": name})
    current_app.logger.error("failed")


def tags(name: str) -> None:
    sentry_sdk.set_tag("operation", name)
    sentry_sdk.set_context("state", {"operation": name})
    sentry_sdk.set_extra("operation", name)
    current_app.logger.error("failed")


def chains(name: str) -> None:
    try:
        raise KeyError(name)
    except KeyError as error:
        try:
            raise LookupError(f"no {name}") from error
        except LookupError:
            current_app.logger.exception("failed")


def spans(name: str) -> None:
    with sentry_sdk.start_span(op="function", name=f"greet {name}"):
        current_app.logger.error("failed")


def groups(name: str) -> None:
    try:
        raise ExceptionGroup(f"all of {name}", [ValueError(f"one of {name}")])
    except ExceptionGroup:
        current_app.logger.exception("failed")


def annotates(name: str) -> None:
    try:
        error = ValueError("failed")
        error.add_note(f"for {name}")
        raise error
    except ValueError:
        current_app.logger.exception("failed")


@pytest.mark.parametrize(
    "record",
    [logs, leaves_a_breadcrumb, tags, chains, spans, groups, annotates],
    ids=lambda record: str(record.__name__),
)
def test_known_values_are_taken_out_of_everything(record: Callable[[str], None]) -> None:
    """Messages, breadcrumbs, tags, contexts, spans, chained and grouped errors, and notes."""

    def view() -> str:
        record(NAME)
        return "ok"

    with site(
        lambda **settings: app_with(view, **settings), TELEMETRY_TRACES_SAMPLE_RATE=1.0
    ) as running:
        assert call(running.app, f"/view/{NAME}").status == 200
        kept = flushed(running)
        assert {item.type for item in kept.items()} == {"event", "transaction"}
        assert NAME.encode() not in kept.wire
        assert b"[INPUT]" in kept.wire


def test_a_path_that_no_rule_matches_is_known_in_its_parts() -> None:
    """What is logged of a 404 holds nothing of the address that was typed."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.errorhandler(404)
        def missing(error: Exception) -> tuple[str, int]:
            person = request.path.split("/")[2]
            app.logger.error("nothing for %s at %s", person, request.path)
            return "missing", 404

        return app

    with site(make) as running:
        assert call(running.app, f"/people/{NAME}/letters").status == 404
        event = flushed(running).event()
        assert NAME.encode() not in running.kept.wire
    assert event["transaction"] == "<< unparameterized >>"


LATE = [
    ("stream", "a body whose pieces are made when Flask's contexts are gone"),
    ("on-close", "what runs when the body is closed"),
    ("teardown", "a teardown"),
]


@pytest.mark.parametrize("where", [row[0] for row in LATE], ids=[row[1] for row in LATE])
def test_what_is_known_stays_known_when_flasks_contexts_are_gone(where: str) -> None:
    """The form, the user and the session are known until the response is over."""

    def make(**settings: Any) -> Flask:
        def view() -> Any:
            g.user, session["by"] = {"name": "Henrietta"}, "Philippa"
            assert request.form["name"] == NAME
            message = f"{NAME}, Henrietta, Philippa"

            def fail(*_: object) -> None:
                raise ValueError(message)

            def pieces() -> Iterator[str]:
                yield "one"
                fail()

            response = Response(pieces() if where == "stream" else "ok")
            if where == "on-close":
                response.call_on_close(fail)
            g.fail = fail if where == "teardown" else None
            return response

        app = app_with(view, **settings)

        @app.teardown_appcontext
        def teardown(error: BaseException | None) -> None:
            if g.get("fail"):
                g.fail()

        return app

    with site(make) as running:
        answer = call(
            running.app, "/view", method="POST", body=f"name={NAME}".encode(), content_type=FORM
        )
        assert isinstance(answer.failure, ValueError)
        assert value_of(flushed(running).event()) == "[INPUT], [USER], [INPUT]"


def test_a_name_and_password_of_basic_authentication_are_known() -> None:
    """The header is encoded; what it holds is what turns up elsewhere."""

    def view() -> Any:
        assert request.authorization is not None
        raise ValueError(f"no {request.authorization.username}")

    credentials = b64encode(f"{NAME}:hunter2hunter".encode()).decode()
    event = known_in(view, headers={"Authorization": f"Basic {credentials}"})
    assert value_of(event) == "no [INPUT]"


def test_a_request_context_pushed_by_hand_is_no_request() -> None:
    """``test_request_context`` and its like run no request: nothing breaks, errors are reported."""
    with site() as running:
        with running.app.test_request_context("/ok/7"):
            assert g.telemetry_session_id is None
            running.app.logger.error("failed")
            assert running.app.full_dispatch_request().status_code == 200
        assert flushed(running).event()["logentry"]["message"] == "failed"


def test_a_request_made_inside_another_leaves_that_alone() -> None:
    """A view may call its own application as a test would, which has a session of its own."""

    def view() -> str:
        outer = g.telemetry_session_id
        inner = current_app.test_client().get("/reference").get_json()
        with current_app.test_request_context("/status/500"):
            assert current_app.full_dispatch_request().status_code == 500
        assert inner["attribute"] not in (None, outer)
        assert g.telemetry_session_id == outer
        return "ok"

    with site(
        lambda **settings: app_with(view, **settings), TELEMETRY_TRACES_SAMPLE_RATE=1.0
    ) as running:
        assert call(running.app, "/view").status == 200
        transactions = flushed(running).payloads("transaction")
    assert [t["transaction"] for t in transactions] == ["/view"]
    assert transactions[0]["contexts"]["response"] == {"status_code": 200}
