"""A guard that keeps a test run from reaching any host but this one."""

from __future__ import annotations

import ipaddress
import sys


class DialledOutError(BaseException):
    """The process tried to reach another host.

    It is no `Exception`, so that code under test which survives everything doesn't survive this.
    """


def is_this_host(host: str) -> bool:
    """Tell whether ``host``, a name or an address, is on the loopback interface."""
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if isinstance(address, tuple) and not is_this_host(str(address[0])):
            raise DialledOutError(f"a test connects to {address[0]}")
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        # An address needs no look-up, and a server may well bind 0.0.0.0.
        if isinstance(host, str) and not is_this_host(host) and not _is_address(host):
            raise DialledOutError(f"a test looks up {host}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def refuse_other_hosts() -> None:
    """Raise `DialledOutError` from now on in whatever thread of this process dials out.

    It doesn't reach processes that tests start.
    """
    sys.addaudithook(_guard)
