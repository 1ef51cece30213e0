"""Turns the rows of the policy into functions that build a new item out of an old one.

``compile_rows(rows)`` makes one function of a whole table. It never edits what it is given: every
container of the result is new. Whatever no row names, and whatever has not the shape its row asks
for, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from telemetry_core.policy.remembering import REMEMBERED, remembering, remembering_list
from telemetry_core.policy.rules import DROP, RULE_HANDLERS, Handler, keep
from telemetry_core.policy.table import Row
from telemetry_core.policy.walk import Note, Walk, plain

Apply = Callable[[object, Walk], Any]

ANY_KEY: Final = "*"


@dataclass(slots=True)
class _Node:
    """A place in the item: its row if it is a leaf, else its fields or the node of its items."""

    row: Row | None = None
    fields: dict[str, _Node] = field(default_factory=dict)
    items: _Node | None = None
    name: str = ""


def compile_rows(rows: Iterable[Row]) -> Handler:
    """Return the function that applies ``rows`` to a mapping.

    It takes the value and a `Walk` and returns a new ``dict``, or ``DROP`` when the value is no
    mapping. Raises whatever a hostile value raises: the gate drops the item then.
    """
    root = _Node()
    for row in rows:
        node = root
        for step in row.path.split("."):
            name, *lists = step.split("[]")
            node = node.fields.setdefault(name, _Node(name=name))
            for _ in lists:
                node.items = node.items or _Node(name=name)
                node = node.items
        if node.row is not None or node.fields or node.items:
            raise ValueError(f"two rows for {row.path}")
        node.row = row
    return _handler(root)


def _handler(node: _Node) -> Handler:
    if node.row is not None:
        if node.row.form is not None:
            return keep(node.row.form)
        return RULE_HANDLERS[node.row.rule]
    if node.items is not None:
        items = node.items
        changing = _changing(items)
        whole = partial(_apply_list, _handler(items))
        return _list_of(
            _handler(items),
            whole if changing is None else remembering_list(f"{items.name}[]", whole, changing),
        )
    fields = {name: _handler(child) for name, child in node.fields.items()}
    mapping = _fields_of(fields, fields.pop(ANY_KEY, None))
    changing = _changing(node)
    return mapping if changing is None else remembering(node.name, mapping, changing)


def _changing(node: _Node) -> dict[str, Handler] | None:
    """Return what applies to the fields that differ each time; None where nothing is remembered."""
    names = REMEMBERED.get(node.name) if node.fields else None
    if names is None:
        return None
    return {name: _handler(node.fields[name]) for name in names if name in node.fields}


def _fields_of(fields: Mapping[str, Handler], any_key: Handler | None) -> Handler:
    get = fields.get

    def apply(value: object, walk: Walk) -> object:
        if type(value) is not dict:
            if not isinstance(value, Mapping):
                walk.refused += 1
                return DROP
            value = plain(value)
        walk.spend(len(value))
        result: dict[str, object] = {}
        notes: Note | None = None
        for name, part in value.items():
            if part is None:
                continue
            if type(name) is not str:
                walk.refused += 1
                continue
            key: str = name
            handler = get(name)
            if handler is None:
                if any_key is None:
                    walk.refused += 1
                    continue
                handler = any_key
                key = walk.read_key(name)
            new = handler(part, walk)
            if walk.note is not None:
                if notes is None:
                    notes = {}
                notes[key] = walk.note
                walk.note = None
            if new is not DROP:
                result[key] = new
        walk.note = notes
        return result

    return apply


def _apply_list(item: Handler, values: Iterable[object], walk: Walk) -> list[object]:
    result: list[object] = []
    notes: Note | None = None
    for part in values:
        new = item(part, walk) if part is not None else DROP
        if new is DROP:
            walk.note = None
            continue
        if walk.note is not None:
            if notes is None:
                notes = {}
            notes[str(len(result))] = walk.note
            walk.note = None
        result.append(new)
    walk.note = notes
    return result


def _list_of(item: Handler, whole: Callable[[list[object], Walk], object]) -> Handler:
    """Apply ``whole`` to a list, also to one under ``values``, and ``item`` to a single mapping.

    The protocol allows all three where it has a list of interfaces; the shape is kept.
    """

    def apply(value: object, walk: Walk) -> object:
        if type(value) is list or type(value) is tuple:
            walk.spend(len(value))
            return whole(list(value), walk)
        if isinstance(value, Mapping):
            value = plain(value)
            values = value.get("values")
            if type(values) is list or type(values) is tuple:
                walk.spend(len(values))
                result = whole(list(values), walk)
                if walk.note is not None:
                    walk.note = {"values": walk.note}
                return {"values": result}
            return item(value, walk)
        walk.refused += 1
        return DROP

    return apply
