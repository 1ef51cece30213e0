"""Keep a process from reaching any address but one, and remember who tried."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import FrameType
from typing import Final

from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

Address = tuple[str, int | None]
"""A host, by the name or address it is reached by, and a port; None is any."""

_PASSED_OVER: Final = sys.stdlib_module_names
"""Modules in which a connection is made on behalf of another."""

_SENDERS: Final = frozenset(("sentry_sdk.transport", "sentry_sdk.worker", "sentry_sdk.client"))
_STARTING: Final = frozenset(("__init__", "_init_impl"))
"""Functions of `_SENDERS` in which a client is made: it asks where it runs, and has no event."""

# The two JSON objects, a line each, with which an envelope and its first item begin.
_BEGINNING: Final = re.compile(rb'\s*\{[^\n]*\}\r?\n\{[^\n]*"type"')
_GZIP: Final = b"\x1f\x8b"
_LOOKED_AT: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A connection that was refused."""

    address: str
    who: str
    """The module and line that wanted it."""
    is_unsearched: bool
    """Whether a client of the SDK would have sent there, so that a leak can't be excluded."""


class OtherHostRefused(ConnectionError):
    """The process tried to reach an address that an audit does not let it reach."""


def allow_only(
    collector: Address, others: Collection[Address], report: Callable[[Refusal], None]
) -> None:
    """Refuse from now on, in all threads of this process, to connect to any other address.

    What a client of the SDK sends is let through to the collector only, since nobody could search
    it elsewhere. All else that stays in the machine's memory (``AF_UNIX``, which event loops use
    for themselves) is left alone. Can't be taken back. Doesn't see what libraries in C connect to
    by themselves, nor what processes do that this one starts.
    """

    def reach(host: str, port: object) -> None:
        if not _is_among(host, port, (collector,)):
            judge(f"{host}:{port}" if port else host, is_allowed=_is_among(host, port, others))

    def judge(shown: str, *, is_allowed: bool) -> None:
        frame = sys._getframe(1)
        is_unsearched = _sends_an_envelope(frame)
        if is_allowed and not is_unsearched:
            return
        who = _caller(frame)
        report(Refusal(address=shown, who=who, is_unsearched=is_unsearched))
        raise OtherHostRefused(f"telemetry audit lets nothing out: {who} tried to reach {shown}")

    def guard(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            match arguments[1]:
                case (host, port, *_):
                    reach(_text(host), port)
                case str() | bytes() as path:
                    judge(_text(path), is_allowed=True)
                case _:
                    return
        elif event == "socket.getaddrinfo":
            host = _text(arguments[0])
            if host not in ("", "localhost", "0.0.0.0", "::"):
                reach(host, arguments[1])

    sys.addaudithook(guard)


def _text(host: object) -> str:
    return host.decode("utf-8", "replace") if isinstance(host, bytes) else str(host or "")


def _is_among(host: str, port: object, addresses: Collection[Address]) -> bool:
    return any(host == known and of in (None, port, 0) for known, of in addresses)


def _caller(frame: FrameType | None) -> str:
    """Name the code that wanted the connection: the innermost that isn't the standard library's."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module != __name__ and module.partition(".")[0] not in _PASSED_OVER:
            return f"{module}, line {frame.f_lineno}"
        frame = frame.f_back
    return "a thread of the standard library"


def _sends_an_envelope(frame: FrameType | None) -> bool:
    """Say whether a client of the SDK is at work there, or an envelope or a transport at hand."""
    while frame is not None:
        if frame.f_globals.get("__name__") in _SENDERS and frame.f_code.co_name not in _STARTING:
            return True
        if any(map(_is_of_an_envelope, frame.f_locals.values())):
            return True
        frame = frame.f_back
    return False


def _is_of_an_envelope(value: object) -> bool:
    # Its type, since a proxy passes itself off as what it stands for, or fails for want of that.
    if issubclass(type(value), Envelope | Transport):
        return True
    if type(value) is str:
        value = value[:_LOOKED_AT].encode("utf-8", "replace")
    if type(value) not in (bytes, bytearray, memoryview):
        return False
    data = bytes(value[:_LOOKED_AT])  # type: ignore[index]  # one of three that can be cut
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _LOOKED_AT)
        except zlib.error:
            return False
    return _BEGINNING.match(data) is not None
