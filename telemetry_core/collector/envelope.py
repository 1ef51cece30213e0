"""Sentry's envelope format, read without Sentry's own code.

A collector that checks what an SDK sends must not read it with that SDK: a mistake made while
writing would then be made again while reading. The format is described at
https://develop.sentry.dev/sdk/foundations/transport/envelopes/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from telemetry_core.errors import TelemetryError

Payload: TypeAlias = Any
"""A decoded JSON document of any shape; ``None`` stands for bytes that are not JSON."""


class MalformedEnvelope(TelemetryError, ValueError):
    """The bytes are not an envelope. The sentence says where they stop being one.

    It names line numbers, lengths and types, and never quotes the bytes themselves, which may
    hold something personal.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of an envelope: an event, a transaction, an attachment ..."""

    headers: Mapping[str, Payload]
    """The item's own header, ``type`` included."""
    payload: bytes
    """The bytes as they came."""

    @property
    def json(self) -> Payload:
        """The payload decoded, or ``None`` when it is not JSON (an attachment, for instance).

        Anew each time: decoded it takes several times the memory, and a store holds thousands.
        """
        return decode(self.payload)

    @property
    def type(self) -> str:
        """What kind of item it is, as its header says."""
        return str(self.headers["type"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A header and any number of items, in the order in which they came."""

    headers: Mapping[str, Payload]
    items: tuple[Item, ...]


def parse_envelope(body: bytes) -> Envelope:
    """Split ``body`` into its envelope header and its items.

    An item's payload ends after ``length`` bytes, or, where the header gives no length, at the
    next newline. Tolerant where a reader can be without guessing: blank lines between items, a
    missing last newline, unknown types and unknown headers are taken.

    Raises MalformedEnvelope for anything else, and nothing but that, whatever the bytes are.
    """
    line, position = _line_at(body, 0)
    if not line.strip():
        raise MalformedEnvelope(
            "An envelope begins with a line of JSON, its header; "
            + ("the body is empty." if not body.strip() else "the first line is blank.")
        )
    headers = _header(line, "the envelope header (line 1)")
    items: list[Item] = []
    while position < len(body):
        line, position = _line_at(body, position)
        if not line.strip():
            continue
        item, position = _item_at(body, position, line, number=len(items) + 1)
        items.append(item)
    return Envelope(headers=headers, items=tuple(items))


def event_as_envelope(body: bytes) -> Envelope:
    """Read the body of the legacy ``/store/`` endpoint, which is one event and no envelope.

    Raises MalformedEnvelope when it is not a JSON object.
    """
    event = _header(body, "an event sent to /store/")
    headers = {"event_id": event["event_id"]} if isinstance(event.get("event_id"), str) else {}
    return Envelope(headers=headers, items=(Item(headers={"type": "event"}, payload=body),))


def decode(payload: bytes) -> Payload:
    """Return the JSON document in ``payload``, or ``None`` when there is none."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return None


def _item_at(body: bytes, position: int, line: bytes, *, number: int) -> tuple[Item, int]:
    headers = _header(line, f"the header of item {number}")
    if not isinstance(headers.get("type"), str) or not headers["type"]:
        raise MalformedEnvelope(f'The header of item {number} should name a "type".')
    length = headers.get("length")
    if length is None:
        payload, position = _line_at(body, position)
    elif isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise MalformedEnvelope(
            f'The "length" of item {number} should be a number of bytes, 0 or more.'
        )
    else:
        end = position + length
        if end > len(body):
            raise MalformedEnvelope(
                f"Item {number} should be {length} bytes long, "
                f"but the envelope ends after {len(body) - position}."
            )
        if body[end : end + 1] not in (b"", b"\n"):
            raise MalformedEnvelope(
                f"Item {number} should end after {length} bytes, "
                "but there is no newline where it ends."
            )
        payload, position = body[position:end], end + 1
    return Item(headers=headers, payload=payload), position


def _line_at(body: bytes, position: int) -> tuple[bytes, int]:
    end = body.find(b"\n", position)
    return (body[position:], len(body)) if end < 0 else (body[position:end], end + 1)


def _header(line: bytes, what: str) -> dict[str, Payload]:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedEnvelope(
            f"{what[0].upper()}{what[1:]} should be a JSON object, got {len(line)} bytes "
            "that are not JSON."
        ) from error
    if not isinstance(header, dict):
        raise MalformedEnvelope(
            f"{what[0].upper()}{what[1:]} should be a JSON object, got {_json_type(header)}."
        )
    return header


def _json_type(value: Payload) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
