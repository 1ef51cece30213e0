"""Keep a process from reaching any address but one, and remember who tried."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Final

Report = Callable[[str, str], None]
"""Called with the address that was refused, and with who tried."""

_PASSED_OVER: Final = sys.stdlib_module_names
"""Modules in which a connection is made on behalf of another."""


class OtherHostRefused(ConnectionError):
    """The process tried to reach an address that an audit does not let it reach."""


def allow_only(addresses: Collection[tuple[str, int | None]], report: Report) -> None:
    """Refuse from now on, in all threads of this process, to connect to any other address.

    Sockets that never leave the machine's memory (``AF_UNIX``, which event loops use for
    themselves) are left alone. Can't be taken back. Doesn't see what libraries in C connect to by
    themselves, nor what processes do that this one starts.

    :param addresses: hosts, by the name or address they are reached by, and ports; None is any.
    """

    def refuse(host: object, port: object) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        if any(name == known and of in (None, port, 0) for known, of in addresses):
            return
        shown = f"{name}:{port}" if port else name
        who = _caller(sys._getframe(2))
        report(shown, who)
        raise OtherHostRefused(f"telemetry audit lets nothing out: {who} tried to reach {shown}")

    def guard(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            address = arguments[1]
            if isinstance(address, tuple):
                refuse(address[0], address[1])
        elif event == "socket.getaddrinfo":
            host, port = arguments[0], arguments[1]
            if host and host not in ("localhost", b"localhost", "0.0.0.0", "::"):
                refuse(host, port)

    sys.addaudithook(guard)


def _caller(frame: FrameType | None) -> str:
    """Name the code that wanted the connection: the innermost that isn't the standard library's."""
    first = frame
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _PASSED_OVER:
            return f"{module}, line {frame.f_lineno}"
        frame = frame.f_back
    return str(first.f_globals.get("__name__", "?")) if first is not None else "?"
