"""The line that stands for an item in a list: what it is, its name, its level.

One row of ``NAMES`` for each item type; an item of any other type is shown by its type alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telemetry_core.collector.envelope import Item, Payload
from telemetry_core.collector.remarks import ItemRemark, remarks_of
from telemetry_core.collector.store import Received

LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item, and the request it came with, as a list shows it."""

    received: Received
    position: int
    """0 for the first item of its envelope; -1 for a request that holds no envelope."""
    item: Item | None
    type: str
    name: str
    level: str
    environment: str
    removed: int
    """How many remarks there are."""

    @property
    def id(self) -> str:
        """A name for it that stays the same: ``12.0`` is the first item of request 12."""
        return f"{self.received.number}.{max(self.position, 0)}"

    @property
    def data(self) -> bytes:
        """The bytes that were received of it."""
        return self.received.body if self.item is None else self.item.payload

    @property
    def remarks(self) -> tuple[ItemRemark, ...]:
        """What was removed, by which rules; read anew each time."""
        return () if self.item is None else remarks_of(self.item.json)

    def text(self, most: int | None = None) -> str:
        """Return the item made readable: JSON indented, other bytes described.

        :param most: characters that are wanted; what comes behind them is left out.
        """
        payload = None if self.item is None else self.item.json
        if payload is None:
            return readable(self.data)[:most]
        parts: list[str] = []
        length = 0
        try:
            for part in _INDENTED.iterencode(payload):
                parts.append(part)
                length += len(part)
                if most is not None and length >= most:
                    break
        except RecursionError:
            # What can just be read can be nested too deeply to be written with indents.
            return readable(self.data)[:most]
        return "".join(parts)[:most]

    @property
    def as_json(self) -> str:
        """The item and what is known of it, as one line of JSON for other programs."""
        payload = None if self.item is None else self.item.json
        fields = {
            "id": self.id,
            "request": self.received.number,
            "received": self.received.at.isoformat(),
            "type": self.type,
            "name": self.name,
            "level": self.level,
            "environment": self.environment,
            "remarks": [
                {"rule": remark.rule, "kind": remark.kind, "path": remark.path, "text": remark.text}
                for remark in remarks_of(payload)
            ],
            "headers": dict(self.item.headers) if self.item is not None else {},
            "payload": payload,
            "bytes": self.size,
        }
        try:
            return json.dumps(fields, allow_nan=False)
        except (ValueError, RecursionError):
            # It was read, but nothing can be made of it that another program is sure to read.
            return json.dumps({**fields, "headers": {}, "payload": None})

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return len(self.data)


_INDENTED = json.JSONEncoder(indent=2, ensure_ascii=False)


def entries_of(received: Received) -> Iterator[Entry]:
    """Yield an entry for each item, or one of type ``malformed`` when there is no envelope."""
    if received.envelope is None:
        yield Entry(
            received=received,
            position=-1,
            item=None,
            type="malformed",
            name=received.problem,
            level="",
            environment="",
            removed=0,
        )
    for position, item in enumerate(received.items):
        decoded = item.json
        payload = _dict(decoded)
        yield Entry(
            received=received,
            position=position,
            item=item,
            type=item.type,
            name=name_of(item, payload),
            level=_text(payload.get("level")),
            environment=_environment(payload, received),
            removed=len(remarks_of(decoded)),
        )


def name_of(item: Item, payload: Mapping[str, Payload]) -> str:
    """Return the title of an item, at most ``LONGEST`` characters, on one line.

    Never raises; what has no title, or not the form its type should have, gets an empty one.
    """
    find = NAMES.get(item.type)
    if find is None:
        return ""
    # An attachment's name stands in its header, where other items have theirs in the payload.
    name = " ".join(find({**item.headers, **payload}).split())
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def readable(payload: bytes) -> str:
    """Show bytes as text where they are text, and by their length where they are not."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return f"({len(payload)} bytes that are not text)"


def _event(fields: Mapping[str, Payload]) -> str:
    exceptions = _list(_dict(fields.get("exception")).get("values"))
    if exceptions:
        # The last one is the one that was raised; those before it are its causes.
        last = _dict(exceptions[-1])
        return _pair(last.get("type"), last.get("value"))
    entry = _dict(fields.get("logentry"))
    shown = entry.get("formatted") or entry.get("message") or fields.get("message")
    return _text(shown) or _text(fields.get("transaction"))


def _records(fields: Mapping[str, Payload]) -> str:
    records = _list(fields.get("items"))
    if not records:
        return ""
    first = _dict(records[0])
    shown = _text(first.get("body")) or _text(first.get("name"))
    return f"{shown} (and {len(records) - 1} more)" if len(records) > 1 else shown


def _field(*names: str) -> Callable[[Mapping[str, Payload]], str]:
    return lambda fields: _pair(*(fields.get(name) for name in names))


def _report(fields: Mapping[str, Payload]) -> str:
    lost = (_dict(entry) for entry in _list(fields.get("discarded_events")))
    return ", ".join(
        f"{_text(entry.get('quantity'))} {_text(entry.get('category'))} "
        f"({_text(entry.get('reason'))})"
        for entry in lost
    )


NAMES: dict[str, Callable[[Mapping[str, Payload]], str]] = {
    "event": _event,
    "transaction": _field("transaction"),
    "span": lambda fields: _records(fields) or _text(fields.get("name")),
    "log": _records,
    "trace_metric": _records,
    "check_in": _field("monitor_slug", "status"),
    "session": _field("status"),
    "sessions": lambda fields: f"{len(_list(fields.get('aggregates')))} aggregates",
    "profile": lambda fields: _text(_dict(fields.get("transaction")).get("name")),
    "profile_chunk": _field("chunk_id"),
    "attachment": _field("filename"),
    "client_report": _report,
    "feedback": lambda fields: _text(
        _dict(_dict(fields.get("contexts")).get("feedback")).get("message")
    ),
    "user_report": _field("comments"),
}


def _environment(payload: Mapping[str, Payload], received: Received) -> str:
    trace = _dict(received.envelope.headers.get("trace")) if received.envelope else {}
    attributes = _dict(payload.get("attrs"))
    return (
        _text(payload.get("environment"))
        or _text(attributes.get("environment"))
        or _text(trace.get("environment"))
    )


def _pair(*parts: Payload) -> str:
    return ": ".join(text for text in map(_text, parts) if text)


def _text(value: Payload) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _dict(value: Payload) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Payload) -> list[Any]:
    return value if isinstance(value, list) else []
