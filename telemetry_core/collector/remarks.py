"""What was removed from an item, read from its ``_meta``.

Sentry's own filter, Relay, notes each change next to the value it changed, under the empty key:
``{"exception": {"values": {"0": {"value": {"": {"rem": [["email", "s", 10, 17]]}}}}}}``. See
https://develop.sentry.dev/sdk/data-model/event-payloads/#meta-information and Relay's
``relay-protocol`` crate. Offsets count characters of the text as it is after the change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from telemetry_core.collector.envelope import Payload

KINDS = {
    "s": "replaced",
    "x": "removed",
    "m": "masked",
    "p": "made a pseudonym",
    "e": "encrypted",
    "a": "noted",
}
DEPTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRemark:
    """One change to one value of an item."""

    rule: str
    kind: str
    """One of the words in ``KINDS``, or the letter itself when it is none of those known."""
    path: str
    """Where in the payload, keys joined by dots: ``exception.values.0.value``."""
    text: str
    """What stands there now, e.g. ``[EMAIL]``; empty when nothing does."""

    def __str__(self) -> str:
        what = self.text or self.kind
        return f"{what} by rule {self.rule} at {self.path}"


def remarks_of(payload: Payload) -> tuple[ItemRemark, ...]:
    """List the remarks of an item, in the order of its ``_meta``.

    A ``_meta`` that doesn't have the form above is passed over where it departs from it; nothing
    is raised, whatever the payload is. Items that hold a list of records (logs, metrics, spans)
    may carry a ``_meta`` in each of them.
    """
    if not isinstance(payload, dict):
        return ()
    found = list(_walk(payload.get("_meta"), payload, (), DEPTH))
    records = payload.get("items")
    for index, record in enumerate(records if isinstance(records, list) else ()):
        if isinstance(record, dict):
            path = ("items", str(index))
            found += _walk(record.get("_meta"), record, path, DEPTH)
    return tuple(found)


def _walk(meta: Payload, value: Payload, path: tuple[str, ...], depth: int) -> Iterator[ItemRemark]:
    if not isinstance(meta, dict) or depth == 0:
        return
    for key, below in meta.items():
        if key == "":
            yield from _at(below, value, ".".join(path))
        else:
            yield from _walk(below, _child(value, key), (*path, key), depth - 1)


def _at(note: Payload, value: Payload, path: str) -> Iterator[ItemRemark]:
    remarks = note.get("rem") if isinstance(note, dict) else None
    # Fresh from the filter it is a tuple, read from JSON a list.
    for remark in remarks if isinstance(remarks, list | tuple) else ():
        match remark:
            case [str(rule), str(kind), int(start), int(end), *_]:
                text = value[start:end] if isinstance(value, str) and 0 <= start <= end else ""
            case [str(rule), str(kind), *_]:
                text = ""
            case _:
                continue
        yield ItemRemark(rule=rule, kind=KINDS.get(kind, kind), path=path, text=text)


def _child(value: Payload, key: str) -> Payload:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return None
