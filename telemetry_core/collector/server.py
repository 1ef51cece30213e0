"""A loopback HTTP server that takes what Sentry's SDKs send."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from types import TracebackType
from typing import Any, TypeVar

from telemetry_core.collector.envelope import Envelope, Item
from telemetry_core.collector.handler import Handler
from telemetry_core.collector.listing import Listing
from telemetry_core.collector.store import CollectorError, Received, Store

T = TypeVar("T")

PUBLIC_KEY = "c0113c70c0113c70c0113c70c0113c70"
"""The key in the DSN. It opens nothing: the collector takes any key, and none."""


class Collector:
    """Receives telemetry on loopback and keeps it, so that one can look at what was sent.

    A context manager; ``start`` and ``close`` do the same by hand::

        with Collector() as collector:
            sentry_sdk.init(dsn=collector.dsn)
            ...
            assert collector.wait_for(lambda: collector.items("event"), timeout=5)

    ``port=0`` takes any free port. Raises CollectorError when ``host`` is not a loopback
    address, when the port is taken, or when the folder ``keep`` can't be made.

    Promises: nothing is sent anywhere; nobody but this machine can reach it; a web page from
    elsewhere can neither read it nor write to it. Any user of this machine can do both.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: Path | None = None,
        store: Store | None = None,
        on_received: Callable[[Received], None] | None = None,
    ) -> None:
        self.store = store if store is not None else Store(folder=keep)
        handler = partial(Handler, self.store, Listing(self.store), lambda: self.dsn, on_received)
        self._server = _Server(loopback_address(host), port, handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="telemetry-collector",
            daemon=True,
        )

    def start(self) -> Collector:
        """Answer requests from now on, in a thread of its own."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and hang up. What was received stays readable."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Collector:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on, also when any free one was asked for."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page that shows what was received."""
        return f"http://{self._server.netloc}/"

    @property
    def dsn(self) -> str:
        """What to give an SDK as its DSN.

        sentry-sdk (2.42 to 2.75) can't use one that names an IPv6 address.
        """
        return f"http://{PUBLIC_KEY}@{self._server.netloc}/1"

    @property
    def envelopes(self) -> list[Envelope]:
        """The well-formed envelopes, oldest first."""
        return [received.envelope for received in self.store if received.envelope is not None]

    def items(self, type: str | None = None) -> list[Item]:
        """Return the items of all envelopes, oldest first; only those of ``type``, if given."""
        return [
            item
            for received in self.store
            for item in received.items
            if type is None or item.type == type
        ]

    def body(self) -> bytes:
        """Return every byte received: request lines, headers and bodies, malformed ones too.

        Made for looking for what should not be there, so it does not pass over anything: raises
        CollectorError when some of it was forgotten to stay within the store's bounds.
        """
        if self.store.forgotten:
            raise CollectorError(
                f"{self.store.forgotten} requests were forgotten to stay within the bounds of the "
                "store, so what is left is not all that was sent; use a larger store."
            )
        return b"\n".join(received.wire for received in self.store)

    def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """Wait until ``predicate()`` is true, at most ``timeout`` seconds; return its value."""
        return self.store.wait_for(predicate, timeout)

    def clear(self) -> None:
        """Forget what was received."""
        self.store.clear()


def loopback_address(host: str) -> str:
    """Return the loopback address that ``host`` stands for.

    Raises CollectorError for every other address and for names: what a name stands for can
    change, and a collector that others can reach would publish what it holds.
    """
    if host.lower() == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise CollectorError(
            f"The host should be a loopback address (127.0.0.1, ::1 or localhost), got {host!r}. "
            "The collector shows all it receives to whoever can reach it, so it does not listen "
            "to other machines."
        )
    return str(address)


class _Server(ThreadingHTTPServer):
    # Windows would let a second process take a port that is in use.
    allow_reuse_address = os.name != "nt"
    daemon_threads = True
    is_closing = False
    """Read by those who answer a request for as long as the server lasts."""

    def __init__(self, host: str, port: int, handler: Callable[..., Handler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._connections: set[socket.socket] = set()
        self._hung_up = threading.Condition()
        try:
            super().__init__((host, port), handler)
        except (OSError, OverflowError) as error:
            raise CollectorError(
                f"Can't listen on port {port} of {host} ({_reason(error)}). "
                "Stop what listens there, or choose another port (0 takes any free one)."
            ) from error

    @property
    def netloc(self) -> str:
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes | bytearray) else host
        return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"

    def server_bind(self) -> None:
        # HTTPServer asks DNS for the host's full name here, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._hung_up:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._hung_up:
            self._connections.discard(request)
            self._hung_up.notify_all()

    def server_close(self) -> None:
        self.is_closing = True
        super().server_close()
        # SDKs keep their connection open; a thread of ours waits at the other end of each.
        with self._hung_up:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            self._hung_up.wait_for(lambda: not self._connections, timeout=2.0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a sender that hangs up is none of the user's business."""


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
