"""Call an application in this process as its server would: WSGI (PEP 3333) and ASGI 3."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes, urlencode

from telemetry_core.audit.target import FAULT

HOST: Final = "localhost"
MOST_OF_A_PAGE: Final = 1 << 20
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    """Not quoted."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    address: str = "127.0.0.1"
    """The visitor's, as the server tells it."""
    fault: bool = False

    @property
    def target(self) -> str:
        """The path as it stands in a request line."""
        return quote(self.path, safe="/:@!$&'()*+,;=~-._")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    """0 when the application raised in place of answering."""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Cookies:
    """What a browser would send back."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._values = dict(given)

    @property
    def header(self) -> str:
        """The value of the header ``Cookie``."""
        return "; ".join(f"{name}={value}" for name, value in self._values.items())

    def take(self, answer: Answer) -> None:
        """Keep what an answer sets, but for what it takes away: the visitor stays logged in."""
        for name, value in answer.headers:
            if name.lower() != "set-cookie":
                continue
            try:
                parsed = SimpleCookie(value)
            except CookieError:
                continue
            for key, morsel in parsed.items():
                if morsel.value and morsel["max-age"] != "0":
                    self._values[key] = morsel.coded_value


def call_wsgi(application: Any, call: Call) -> Answer:
    """Call a WSGI application and read all that it answers. Raises nothing of the application's."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(call.target).decode("latin-1"),
        "QUERY_STRING": urlencode(call.query),
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.address,
        "CONTENT_TYPE": call.content_type,
        "CONTENT_LENGTH": str(len(call.body)),
        "HTTP_HOST": HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.headers.items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    if call.fault:
        environ[FAULT] = True
    started: list[tuple[str, list[tuple[str, str]]]] = []
    pieces = bytearray()

    def start_response(status: str, headers: Any, _exc_info: Any = None) -> Any:
        started.append((status, list(headers)))
        return pieces.extend

    body: Any = ()
    try:
        body = application(environ, start_response)
        for piece in body:
            pieces += piece
            if len(pieces) > MOST_OF_A_PAGE:
                break
    except Exception:
        # A server would log it and hang up.
        started.clear()
    finally:
        _close(body)
    if not started:
        return Answer(status=0)
    status, headers = started[-1]
    return Answer(status=int(status.split()[0]), headers=headers, body=bytes(pieces))


def _close(body: Any) -> None:
    try:
        getattr(body, "close", lambda: None)()
    except Exception:
        # As above: the application's own error, which telemetry has been told of.
        return


def call_asgi(application: Any, call: Call) -> Answer:
    """Call an ASGI application, as `call_wsgi` does."""
    return asyncio.run(_answered(application, call))


async def _answered(application: Any, call: Call) -> Answer:
    headers = {"host": HOST, **call.headers}
    if call.content_type:
        headers |= {"content-type": call.content_type, "content-length": str(len(call.body))}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.target.encode(),
        "root_path": "",
        "query_string": urlencode(call.query).encode(),
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": (call.address, 50000),
        "server": (HOST, 80),
    }
    if call.fault:
        scope[FAULT] = True
    incoming = [{"type": "http.request", "body": call.body, "more_body": False}]
    status, found, pieces = 0, [], bytearray()

    async def receive() -> dict[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, found
        if message["type"] == "http.response.start":
            status = int(message["status"])
            found = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message["headers"]]
        elif message["type"] == "http.response.body":
            pieces.extend(message.get("body", b"")[:MOST_OF_A_PAGE])

    try:
        await application(scope, receive, send)
    except Exception:
        status = 0
    return Answer(status=status, headers=found, body=bytes(pieces))
