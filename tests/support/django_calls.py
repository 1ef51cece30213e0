"""Telemetry switched on in Django for a test, and requests to the site as servers make them."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlsplit

from capturing import DSN, Kept
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings

from telemetry_core import get_telemetry_config

MIDDLEWARE = (
    "telemetry_django.middleware.TelemetryMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@contextmanager
def reporting(**settings: Any) -> Iterator[Kept]:
    """Switch telemetry on by Django's settings for the length of the block."""
    kept = Kept()
    options = {
        "transport": kept.transport,
        # Off, so that a test can say that nothing was sent; test_sessions.py switches it on.
        "auto_session_tracking": False,
        **settings.pop("TELEMETRY_SENTRY_OPTIONS", {}),
    }
    given = {
        "TELEMETRY_ENABLED": True,
        "TELEMETRY_DSN": DSN,
        "TELEMETRY_ENVIRONMENT": "testing",
        "TELEMETRY_RELEASE": "shop@1.2.3",
        "TELEMETRY_TRACES_SAMPLE_RATE": 0.0,
        "TELEMETRY_PROFILES_SAMPLE_RATE": 0.0,
        "TELEMETRY_SENTRY_OPTIONS": options,
        **settings,
    }
    with override_settings(**given):
        yield kept


def flushed(kept: Kept) -> Kept:
    """Return ``kept`` after all that waits to be sent has been handed to it."""
    get_telemetry_config().flush()
    return kept


@dataclass
class Answer:
    """What a server gets of the application."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    failure: BaseException | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


@contextmanager
def _connections_stay_open() -> Iterator[None]:
    """As Django's own test client has it: a request's end must not end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _split(target: str) -> tuple[str, str]:
    parts = urlsplit(target)
    return parts.path, parts.query


def call_wsgi(
    target: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    stream: BytesIO | None = None,
    content_type: str = "",
    headers: dict[str, str] | None = None,
    handler: Callable[..., Any] | None = None,
    file_wrapper: Any = None,
) -> Answer:
    """Call the site as a WSGI server does: iterate over the body and close it, come what may."""
    path, query = _split(target)
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        answer.status = int(status.partition(" ")[0])
        answer.headers = dict(headers)

    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(stream.getbuffer() if stream else body)),
        "CONTENT_TYPE": content_type,
        "wsgi.url_scheme": "http",
        "wsgi.input": stream or BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    if file_wrapper is not None:
        environ["wsgi.file_wrapper"] = file_wrapper
    application: Any = handler or WSGIHandler()
    with _connections_stay_open():
        pieces = application(environ, start_response)
        try:
            answer.pieces.extend(pieces)
        except Exception as failure:
            answer.failure = failure
        finally:
            pieces.close()
    return answer


async def acall(
    target: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    handler: Callable[..., Awaitable[None]] | None = None,
    hangs_up_after: float | None = None,
    takes: int | None = None,
) -> Answer:
    """Call the site as an ASGI server does.

    :param hangs_up_after: the seconds after which the visitor is gone.
    :param takes: the pieces of a body that the visitor takes; none is asked of the others.
    """
    path, query = _split(target)
    answer = Answer()
    is_asked = False

    async def receive() -> dict[str, Any]:
        nonlocal is_asked
        if is_asked:
            await (
                asyncio.Event().wait() if hangs_up_after is None else asyncio.sleep(hangs_up_after)
            )
            return {"type": "http.disconnect"}
        is_asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
        elif message.get("body"):
            if len(answer.pieces) == takes:
                await asyncio.Event().wait()
            answer.pieces.append(message["body"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            *((name.lower().encode(), value.encode()) for name, value in (headers or {}).items()),
        ],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 80),
    }
    try:
        with _connections_stay_open():
            await (handler or ASGIHandler())(scope, receive, send)
    except Exception as failure:
        answer.failure = failure
        for frame, _ in traceback.walk_tb(failure.__traceback__):
            # Django leaves the request's body open then, of which Python would warn in some test.
            if "body_file" in frame.f_locals:
                frame.f_locals["body_file"].close()
    return answer


def call_asgi(target: str, **given: Any) -> Answer:
    """Call the site as an ASGI server does, from synchronous code."""
    return asyncio.run(acall(target, **given))
