"""Records that logging would send to other machines: handed over to be searched, and not sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from logging import handlers
from typing import Any, Final, TypeAlias

from telemetry_core.collector import Received, Store, parse_envelope

TYPE: Final = "log handler "
"""What the type of an item with such a record begins with; the name of the handler follows."""

Hand: TypeAlias = Callable[[str, Mapping[str, str]], None]
"""Called with the name of a handler and the fields of what it would send."""


def _text(handler: Any, record: logging.LogRecord) -> dict[str, str]:
    return {"message": handler.format(record)}


def _mail(handler: Any, record: logging.LogRecord) -> dict[str, str]:
    return {"subject": str(handler.getSubject(record)), **_text(handler, record)}


def _attributes(handler: Any, record: logging.LogRecord) -> dict[str, str]:
    # All of the record leaves, whatever the formatter makes of it, with its arguments merged.
    given = {**vars(record), "message": record.getMessage()}
    if record.exc_info:
        given["exc_text"] = handler.format(record)
    return {name: str(given[name]) for name in given.keys() - {"msg", "args", "exc_info"}}


def _as_http(handler: Any, record: logging.LogRecord) -> dict[str, str]:
    return {name: str(value) for name, value in handler.mapLogRecord(record).items()}


Read: TypeAlias = Callable[[Any, logging.LogRecord], dict[str, str]]

SENDING: Final[Mapping[type[logging.Handler], Read]] = {
    handlers.SysLogHandler: _text,
    handlers.SMTPHandler: _mail,
    handlers.SocketHandler: _attributes,
    handlers.HTTPHandler: _as_http,
}
"""Handlers of the standard library that send records, and what they send of one. Those made of
them, such as `DatagramHandler`, do the same."""


def divert(hand: Hand, allowed: Collection[str]) -> None:
    """Let none of these handlers send from now on in this process, but hand its records over.

    Filters and formatters do their work as ever. Those that write to the machine's own log, which
    no record leaves by that, write nothing and hand nothing over. Doesn't see handlers with a
    sender of their own.

    :param allowed: hosts that records may be sent to, unsearched.
    """
    for kind, read in SENDING.items():
        patched: Any = kind
        patched.emit = _emitting(kind.emit, read, hand, allowed)
    # It looks its host up, and connects, when it is made.
    syslog: Any = handlers.SysLogHandler
    connect = syslog.createSocket
    syslog.createSocket = lambda self: connect(self) if _host_of(self) in allowed else None


def _emitting(send: Any, read: Read, hand: Hand, allowed: Collection[str]) -> Any:
    def emit(self: logging.Handler, record: logging.LogRecord) -> None:
        host = _host_of(self)
        if host in allowed:
            send(self, record)
            return
        try:
            if host:
                hand(type(self).__name__, read(self, record))
        except Exception:
            self.handleError(record)

    return emit


def _host_of(handler: Any) -> str:
    """Return the host that a handler sends to; an empty one for a socket in the file system."""
    match handler:
        case handlers.SysLogHandler():
            return "" if isinstance(handler.address, str) else str(handler.address[0])
        case handlers.SocketHandler():
            return "" if handler.port is None else str(handler.host)
        case handlers.SMTPHandler():
            return str(handler.mailhost)
        case _:
            return str(handler.host).partition(":")[0]


def keep(store: Store, handler: str, fields: Mapping[str, str]) -> Received:
    """Put what a handler would have sent beside what the SDK has sent."""
    payload = json.dumps(dict(fields)).encode()
    head = json.dumps({"type": f"{TYPE}{handler}", "length": len(payload)}).encode()
    body = b"{}\n" + head + b"\n" + payload + b"\n"
    return store.add(
        request_line=f"{TYPE}{handler}", headers=(), body=body, envelope=parse_envelope(body)
    )
