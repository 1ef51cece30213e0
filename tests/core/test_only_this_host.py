"""Claims about the guard that this suite runs under."""

from __future__ import annotations

import socket
import threading

import pytest
from only_this_host import DialledOutError


def test_connecting_to_another_host_is_refused() -> None:
    """A datagram socket: should the guard fail, connecting one puts nothing on the wire."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        pytest.raises(DialledOutError, match=r"connects to 192\.0\.2\.1"),
    ):
        udp.connect(("192.0.2.1", 9))


def test_looking_up_another_host_is_refused() -> None:
    """The name of a DSN that a test made up is not asked for, either."""
    with pytest.raises(DialledOutError, match=r"looks up sentry\.invalid"):
        socket.getaddrinfo("sentry.invalid", 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost"])
def test_this_host_can_be_reached(host: str) -> None:
    """Tests over real sockets work, whatever loopback address they use."""
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port), timeout=60) as client:
            assert client.getpeername()[1] == port


def test_guard_holds_in_other_threads() -> None:
    """A transport's worker thread is where telemetry would dial out."""
    refused: list[bool] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo("sentry.invalid", 443)
        except DialledOutError:
            refused.append(True)

    thread = threading.Thread(target=look_up)
    thread.start()
    thread.join()
    assert refused == [True]
