"""Flask applications with telemetry for a test, and requests to them as servers make them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import sentry_sdk
from capturing import DSN, Kept
from flask import Flask
from flask_site import create_app

from telemetry_core import session as sessions
from telemetry_core import shutdown_telemetry


def settings_for(kept: Kept, **settings: Any) -> dict[str, Any]:
    """Return settings that switch telemetry on, with what passes the gate kept.

    Requests are not counted, so that those in which nothing happens leave nothing.
    """
    options = {"transport": kept.transport, "auto_session_tracking": False}
    options = {**options, **settings.pop("TELEMETRY_SENTRY_OPTIONS", {})}
    return {
        "TELEMETRY_ENABLED": True,
        "TELEMETRY_DSN": DSN,
        "TELEMETRY_ENVIRONMENT": "testing",
        "TELEMETRY_RELEASE": "notes@1.2.3",
        "TELEMETRY_TRACES_SAMPLE_RATE": 0.0,
        "TELEMETRY_PROFILES_SAMPLE_RATE": 0.0,
        "TELEMETRY_SENTRY_OPTIONS": options,
        **settings,
    }


@dataclass
class Site:
    """An application with telemetry on, and what of it passed the gate."""

    app: Flask
    kept: Kept


@contextmanager
def site(make: Callable[..., Flask] = create_app, /, **settings: Any) -> Iterator[Site]:
    """Make an application for the length of the block."""
    kept = Kept()
    token = sessions.bind(None)
    with sentry_sdk.isolation_scope():
        try:
            yield Site(app=make(**settings_for(kept, **settings)), kept=kept)
        finally:
            shutdown_telemetry()
            sessions.unbind(token)


def flushed(site: Site) -> Kept:
    """Return what was kept after all that waits to be sent has been."""
    site.app.extensions["telemetry"].flush()
    return site.kept


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


def environ_for(
    target: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    content_type: str = "",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return a request as a WSGI server hands it over."""
    parts = urlsplit(target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


def call(
    application: Callable[..., Any],
    target: str,
    *,
    environ: dict[str, Any] | None = None,
    pieces: int | None = None,
    **given: Any,
) -> Answer:
    """Call an application as a WSGI server does: iterate over its body and close it in any case.

    :param environ: what to add to the request.
    :param pieces: how many pieces to read before the visitor goes away; None for all.
    """
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        answer.status = int(status.partition(" ")[0])
        answer.headers = dict(headers)

    try:
        body = application({**environ_for(target, **given), **(environ or {})}, start_response)
        try:
            for piece in body:
                answer.pieces.append(piece)
                if len(answer.pieces) == pieces:
                    break
        finally:
            if hasattr(body, "close"):
                body.close()
    except BaseException as failure:
        answer.failure = failure
    return answer
