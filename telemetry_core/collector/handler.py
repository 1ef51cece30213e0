"""The collector's endpoints: Sentry's two for senders, and its own for readers."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from telemetry_core.collector.compression import BadBody, decompress
from telemetry_core.collector.envelope import (
    Envelope,
    MalformedEnvelope,
    event_as_envelope,
    parse_envelope,
)
from telemetry_core.collector.listing import Listing
from telemetry_core.collector.page import Filters, render, render_item
from telemetry_core.collector.store import Received, Store
from telemetry_core.collector.style import SECURITY_HEADERS

LONGEST_BODY = 128 * 1024 * 1024
"""In bytes, as sent and again when unpacked; Sentry itself takes less."""
IDLE_SECONDS = 60.0
LIVE_SECONDS = 0.5
"""How long it takes a reader that waits for news to notice that the collector ends."""

_INGEST = re.compile(r"/api/[^/]+/(?P<endpoint>envelope|store)/?")
_RAW = re.compile(r"/api/envelopes/(?P<number>[0-9]{1,12})")
_ITEM = re.compile(r"/items/(?P<number>[0-9]{1,12})\.(?P<position>[0-9]{1,6})")
_KEY = re.compile(r"(sentry_(?:key|secret)\s*=\s*)[^,&\s]+", re.IGNORECASE)


class Refused(Exception):
    """A request that is not answered any further."""

    def __init__(self, status: HTTPStatus, sentence: str, *, body: bytes = b"") -> None:
        super().__init__(sentence)
        self.status = status
        self.body = body
        """What had been read of the body until then."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection.

    POST ``/api/<project>/envelope/`` and ``/api/<project>/store/`` take what SDKs send. A POST to
    any other path is answered with 404 and kept, too: whatever leaves a process is of interest.
    GET ``/``, ``/items/<id>``, ``/api/items.json`` and ``/api/envelopes/<number>`` show it,
    ``/api/live`` says when there is more; POST ``/api/clear`` and DELETE ``/api/items.json`` forget
    it.
    """

    protocol_version = "HTTP/1.1"
    server_version = "telemetry-collector"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body are two writes; else the second waits 40 ms for the client to acknowledge.
    disable_nagle_algorithm = True

    def __init__(
        self,
        store: Store,
        listing: Listing,
        dsn: Callable[[], str],
        on_received: Callable[[Received], None] | None,
        *connection: Any,
    ) -> None:
        self.store = store
        self.listing = listing
        self.dsn = dsn
        self.on_received = on_received
        super().__init__(*connection)

    def do_GET(self) -> None:
        """Show what was received."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """Answer as GET does, without the body."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Take what an SDK sends, or forget everything."""
        self._answer(self._post)

    def do_DELETE(self) -> None:
        """Forget everything."""
        self._answer(self._delete)

    def _answer(self, respond: Callable[[], None]) -> None:
        try:
            self._check_caller()
            respond()
        except Refused as refusal:
            # The rest of the request may not have been read, so nothing more can follow it.
            self.close_connection = True
            self._send_json({"detail": str(refusal)}, refusal.status)

    def _check_caller(self) -> None:
        if not is_loopback(self.headers.get("Host", "")):
            # A name under an attacker's control may point here (DNS rebinding).
            raise Refused(
                HTTPStatus.FORBIDDEN, "The Host header should name a loopback address or localhost."
            )
        origin = self.headers.get("Origin")
        if origin is not None and not is_loopback(urlsplit(origin).netloc):
            raise Refused(HTTPStatus.FORBIDDEN, "Pages from elsewhere can't use the collector.")

    def _get(self) -> None:
        target = urlsplit(self.path)
        filters = Filters.from_query(parse_qs(target.query))
        raw = _RAW.fullmatch(target.path)
        item = _ITEM.fullmatch(target.path)
        if target.path == "/":
            self._send_page(render(list(self.listing), filters, self.store, self.dsn()))
        elif target.path == "/api/items.json":
            self._send_items(filters)
        elif target.path == "/api/live":
            self._get_live()
        elif raw is not None:
            self._get_raw(int(raw["number"]))
        elif item is not None:
            self._get_item(int(item["number"]), int(item["position"]))
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def _get_raw(self, number: int) -> None:
        received = self.store.get(number)
        if received is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"Request {number} is not kept.")
        # Never a type that a browser would run: the bytes are somebody else's.
        self._send(received.body, "application/x-sentry-envelope")

    def _get_item(self, number: int, position: int) -> None:
        entry = self.listing.get(number, position)
        if entry is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"Item {number}.{position} is not kept.")
        self._send_page(render_item(entry))

    def _get_live(self) -> None:
        """Say whenever something has come in, until the reader hangs up.

        https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        self.close_connection = True
        self._send_head({"Content-Type": "text/event-stream", "Connection": "close"})
        seen, quiet = self.store.changes, 0.0
        try:
            while self.command != "HEAD" and not getattr(self.server, "is_closing", False):
                now = self.store.wait_for(partial(_other, self.store, seen), LIVE_SECONDS)
                quiet = 0.0 if now else quiet + LIVE_SECONDS
                if now:
                    seen = now
                    self.wfile.write(b"data: %d\n\n" % now)
                elif quiet >= IDLE_SECONDS / 4:
                    # A comment: else nobody would notice that the reader has gone away.
                    quiet = 0.0
                    self.wfile.write(b":\n\n")
        except OSError:
            return

    def _post(self) -> None:
        path = urlsplit(self.path).path
        if path == "/api/clear":
            self._read_body()
            self.store.clear()
            self._send(b"", "text/plain", HTTPStatus.SEE_OTHER, location="/")
            return
        endpoint = _INGEST.fullmatch(path)
        problem, status, envelope, body = "", HTTPStatus.OK, None, b""
        try:
            body = self._read_body()
            encoding = self.headers.get("Content-Encoding", "")
            body = decompress(body, encoding, limit=LONGEST_BODY)
            if endpoint is None:
                problem, status = "The protocol has no such endpoint.", HTTPStatus.NOT_FOUND
            elif endpoint["endpoint"] == "store":
                envelope = event_as_envelope(body)
            else:
                envelope = parse_envelope(body)
        except Refused as refusal:
            self._keep(refusal.body, None, str(refusal))
            raise
        except BadBody as error:
            problem, status = str(error), HTTPStatus(error.status)
        except MalformedEnvelope as error:
            problem, status = str(error), HTTPStatus.BAD_REQUEST
        self._keep(body, envelope, problem)
        self._send_json({"detail": problem} if problem else _receipt(envelope), status)

    def _delete(self) -> None:
        if urlsplit(self.path).path not in ("/api/clear", "/api/items.json"):
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")
        self.store.clear()
        self._send(b"", "text/plain", HTTPStatus.OK)

    def _keep(self, body: bytes, envelope: Envelope | None, problem: str) -> None:
        received = self.store.add(
            request_line=_without_key(f"{self.command} {self.path}"),
            headers=[(name, _without_key(value)) for name, value in self.headers.items()],
            body=body,
            envelope=envelope,
            problem=problem,
        )
        if self.on_received is not None:
            self.on_received(received)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "Content-Length should be a number.")
        return self._read_exactly(int(length), b"")

    def _read_chunks(self) -> bytes:
        # RFC 9112, section 7.1: each chunk's length in hexadecimal, then the chunk.
        body = b""
        while True:
            size = self.rfile.readline(100).split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", size):
                raise Refused(
                    HTTPStatus.BAD_REQUEST, "A chunk should begin with its length.", body=body
                )
            longer = self._read_exactly(int(size, 16), body)
            if len(longer) == len(body):
                break
            body = longer
            self.rfile.readline(100)
        while self.rfile.readline(8192).strip():
            pass
        return body

    def _read_exactly(self, length: int, before: bytes) -> bytes:
        if len(before) + length > LONGEST_BODY:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body should be at most {LONGEST_BODY} bytes.",
                body=before,
            )
        part = self.rfile.read(length)
        if len(part) < length:
            raise Refused(
                HTTPStatus.BAD_REQUEST,
                "The sender hung up before the body was complete.",
                body=before + part,
            )
        return before + part

    def _send_page(self, page: str) -> None:
        self._send(page.encode("utf-8", "backslashreplace"), "text/html; charset=utf-8")

    def _send_items(self, filters: Filters) -> None:
        """Send all items that are asked for, one by one: together they may be large."""
        # Its end is the end of the connection (RFC 9112, section 6.3).
        self.close_connection = True
        self._send_head({"Content-Type": "application/json", "Connection": "close"})
        if self.command == "HEAD":
            return
        separator = '{"items": ['
        for entry in filters.taken(self.listing):
            self.wfile.write(f"{separator}{entry.as_json}".encode())
            separator = ", "
        self.wfile.write(b"]}" if separator == ", " else b'{"items": []}')

    def _send_json(self, answer: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        # ASCII only, so that a lone surrogate in a payload can be answered, too.
        self._send(json.dumps(answer).encode(), "application/json", status)

    def _send(
        self,
        body: bytes,
        content_type: str,
        status: HTTPStatus = HTTPStatus.OK,
        *,
        location: str = "",
    ) -> None:
        headers = {"Content-Type": content_type, "Content-Length": str(len(body))}
        if location:
            headers["Location"] = location
        if self.close_connection:
            headers["Connection"] = "close"
        self._send_head(headers, status)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, headers: Mapping[str, str], status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**headers, **SECURITY_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page and ``on_received`` tell what came."""


def _other(store: Store, seen: int) -> int:
    """Return the number of changes, if it is another than the one that was seen."""
    return store.changes if store.changes != seen else 0


def is_loopback(netloc: str) -> bool:
    """Say whether ``host`` or ``host:port`` is a loopback address or ``localhost``."""
    try:
        host = urlsplit(f"//{netloc}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_key(text: str) -> str:
    return _KEY.sub(r"\1[Filtered]", text)


def _receipt(envelope: Envelope | None) -> dict[str, str]:
    """Build the answer that Sentry's ingest gives: the id of what was received, if it has one."""
    event_id = envelope.headers.get("event_id") if envelope is not None else None
    return {"id": event_id} if isinstance(event_id, str) else {}
