"""What a visitor sent, and who is logged in, is taken out of every text; nothing is read for it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from capturing import Kept
from django.contrib.auth.models import User
from django.test import Client
from django_calls import MIDDLEWARE, Answer, call_asgi, call_wsgi, flushed, reporting

Call = Callable[..., Answer]

NAMES = ("Wilhelmina", "Ottoline Quist", "Brunhilde_Z", "Zürcher", "zebra crossing")
"""Values of no form that a detector could know."""

URLENCODED = "application/x-www-form-urlencoded"


def everything_sent() -> dict[str, Any]:
    query, field, cookie, header, _ = NAMES
    return {
        "target": f"/everything/?{urlencode({'q': query})}",
        "method": "POST",
        "body": urlencode({"who": field}).encode(),
        "content_type": URLENCODED,
        "headers": {"Cookie": f"nick={cookie}", "X-Customer": header},
    }


def assert_nothing_known(kept: Kept, *values: str) -> None:
    """Look at the bytes for each value, as it is and as JSON writes it."""
    for value in values:
        assert value.encode() not in kept.wire
        assert json.dumps(value)[1:-1].encode() not in kept.wire


def test_values_leave_no_field_in_which_telemetry_takes_text() -> None:
    """Message, chained exceptions, breadcrumbs, tags, contexts and spans lose what was sent."""
    sent = everything_sent()
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        assert call_wsgi(sent.pop("target"), **sent).status == 500
        event = flushed(kept).event()
        (transaction,) = kept.payloads("transaction")
    assert_nothing_known(kept, *NAMES[:4])
    text = " and ".join(["[INPUT]"] * 4)
    assert [error["value"] for error in event["exception"]["values"]] == [
        f"'{text}'",
        f"no index for {text}",
        f"no results for {text}",
    ]
    crumbs = event["breadcrumbs"]["values"]
    assert [crumb["message"] for crumb in crumbs] == [
        f"looked for {text}",
        f"searching for {text}",
    ]
    assert crumbs[0]["data"] == {"reason": text}
    assert event["tags"]["reason"] == "[INPUT]"
    assert event["contexts"]["search"] == {"message": text}
    spans = {span["op"]: span["description"] for span in transaction["spans"]}
    assert spans["search"] == f"search {text}"


BODIES = [
    (URLENCODED, urlencode({"who": NAMES[1]}).encode(), "a form"),
    ("application/json", json.dumps({"who": [{"name": NAMES[1]}]}).encode(), "JSON"),
    (
        "multipart/form-data; boundary=B",
        (
            f'--B\r\nContent-Disposition: form-data; name="who"\r\n\r\n{NAMES[1]}\r\n'
            f'--B\r\nContent-Disposition: form-data; name="cv"; filename="{NAMES[0]}.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\nx\r\n--B--\r\n"
        ).encode(),
        "a form with a file",
    ),
]


@pytest.mark.parametrize(
    ("content_type", "body"), [row[:2] for row in BODIES], ids=[row[2] for row in BODIES]
)
def test_what_the_view_read_of_a_body_is_known(content_type: str, body: bytes) -> None:
    """Fields, JSON at any depth, and the names of uploaded files."""
    with reporting() as kept:
        call_wsgi("/form/", method="POST", body=body, content_type=content_type)
        event = flushed(kept).event()
    assert "[INPUT]" in event["exception"]["values"][0]["value"]
    assert_nothing_known(kept, NAMES[1], NAMES[0])


@pytest.mark.parametrize("call", [call_wsgi, call_asgi], ids=["WSGI", "ASGI"])
@pytest.mark.parametrize("way", ["read", "pieces", "readline", "readlines", "lines"])
def test_what_the_view_reads_of_the_stream_itself_is_known(way: str, call: Call) -> None:
    """As `json.load(request)` does, and parsers of API frameworks: Django keeps nothing of it."""
    body = json.dumps({"name": NAMES[1]}).encode()
    with reporting() as kept:
        call(f"/body/{way}/", method="POST", body=body, headers={"Content-Type": "text/json"})
        event = flushed(kept).event()
    assert event["exception"]["values"][0]["value"] == "can't take [INPUT]"
    assert_nothing_known(kept, NAMES[1])


def test_more_fields_than_django_takes_are_known_all_the_same() -> None:
    """A query that Django refuses can still stand in a message; it costs no other value, either."""
    query = "&".join(f"f{number}=x" for number in range(5)) + f"&name={NAMES[0]}"
    with reporting(DATA_UPLOAD_MAX_NUMBER_FIELDS=3) as kept:
        # This middleware reads no query, and so is the first to fail.
        call_wsgi(f"/sync/{NAMES[2]}/?{query}", headers={"Cookie": f"nick={NAMES[1]}"})
        value = flushed(kept).event()["exception"]["values"][0]["value"]
    assert value == "no [INPUT]"


class Untouchable(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: object) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def test_a_body_that_the_view_did_not_read_is_not_read(call: Call) -> None:
    """Neither for an error nor for a transaction is a stream touched, under WSGI and ASGI."""
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0) as kept:
        if call is call_wsgi:
            call("/unread/", method="POST", stream=Untouchable(b"who=x"))
        else:
            call("/unread/", method="POST", body=b"who=x")
        assert flushed(kept).event()["transaction"] == "/unread/"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user(
        "brunhilde_z", "b.z@example.com", "pw", first_name="Ottoline", last_name="Quist"
    )


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.django_db
def test_the_user_whom_the_view_asked_for_is_known(user: User, client: Client) -> None:
    """User name, full name and address are replaced; each by what says most of it."""
    with reporting() as kept:
        client.force_login(user)
        assert client.get("/user/").status_code == 500
        event = flushed(kept).event()
    assert event["exception"]["values"][0]["value"] == "[USER] <[EMAIL]>, [USER] has no orders"


@pytest.mark.django_db
def test_a_user_who_logs_in_with_this_request_is_known(user: User, client: Client) -> None:
    """Django puts the user on the request itself then, not behind a lazy object."""
    with reporting(MIDDLEWARE=[*MIDDLEWARE, "django_site.middleware.Failing"]) as kept:
        client.get("/login/?username=brunhilde_z&password=pw&fail=after&name=Ottoline Quist")
        assert flushed(kept).event()["exception"]["values"][0]["value"] == "no [USER]"


@pytest.mark.django_db
def test_a_lazy_user_is_never_loaded(user: User, client: Client) -> None:
    """Nobody asked who is logged in, so telemetry doesn't either: it would cost a query."""
    client.force_login(user)
    backend = "django_site.refusing.RefusingBackend"
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0, AUTHENTICATION_BACKENDS=[backend]) as kept:
        assert client.get("/sync/Wilhelmina/").status_code == 500
        assert flushed(kept).event()["exception"]["values"][0]["value"] == "no [INPUT]"


@pytest.mark.django_db
def test_a_session_is_never_loaded(client: Client) -> None:
    """A session cookie is taken for what it is, a text that the visitor sent."""
    client.cookies["sessionid"] = "s" * 32
    with reporting(TELEMETRY_TRACES_SAMPLE_RATE=1.0, SESSION_ENGINE="django_site.refusing") as kept:
        assert client.get("/sync/Wilhelmina/").status_code == 500
        assert flushed(kept).event()["transaction"] == "/sync/<str:name>/"


def test_what_a_loaded_session_holds_is_known(client: Client) -> None:
    """An earlier request put it there; this one only names it in an error."""
    engine = "django.contrib.sessions.backends.signed_cookies"
    with reporting(SESSION_ENGINE=engine) as kept:
        client.get("/remember/?name=Ottoline Quist")
        assert client.get("/remembered/").status_code == 500
        event = flushed(kept).event()
    assert event["exception"]["values"][0]["value"] == "no basket of [INPUT]"
    assert_nothing_known(kept, "Ottoline Quist")


def test_marked_form_fields_and_variables_are_secrets() -> None:
    """What Django's decorators mark gets the token of a secret."""
    with reporting() as kept:
        body = urlencode({"pet": "Mister Whiskers", "other": "zebra crossing"}).encode()
        call_wsgi("/secrets/", method="POST", body=body, content_type=URLENCODED)
        event = flushed(kept).event()
    assert [error["value"] for error in event["exception"]["values"]] == [
        "[SECRET] is wrong",
        "neither does [SECRET]",
    ]


def test_marked_variables_of_coroutines_are_secrets() -> None:
    """Django keeps what is marked on a coroutine in another way."""
    with reporting() as kept:
        call_asgi("/asecrets/")
        assert flushed(kept).event()["exception"]["values"][0]["value"] == "[SECRET] is wrong"
