"""Turns the rows of the policy into functions that build a new item out of an old one.

``compile_rows(rows)`` makes one function of a whole table. It never edits what it is given: every
container of the result is new. Whatever no row names, and whatever has not the shape its row asks
for, is left out.

For each mapping of the protocol the source of a function is written, as `dataclasses` does it: a
field that was seen before, or has an evident form, is then kept without another call. That is what
makes the gate no slower than `json.dumps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from telemetry_core.policy.remarks import Note
from telemetry_core.policy.remembering import remembering
from telemetry_core.policy.rule import DROP, Handler, keep
from telemetry_core.policy.rules import RULE_HANDLERS
from telemetry_core.policy.table import Row
from telemetry_core.policy.tree import ANY_KEY, Node, tree_of
from telemetry_core.policy.walk import Walk, plain

SEEN_BY: Final[Mapping[str, str]] = {
    "name": "names",
    "label": "labels",
    "path": "paths",
    "source": "clean",
    "slug": "slugs",
    "title": "titles",
    "text": "texts_seen",
    "message": "messages",
    "statement": "statements",
}
"""Under which rule a text that is in which of the walk's sets may be kept as it is."""


def compile_rows(rows: Iterable[Row], place: str = "") -> Handler:
    """Return the function that applies ``rows`` to a mapping; ``place`` names what is remembered.

    It takes the value and a `Walk` and returns a new ``dict``, or ``DROP`` when the value is no
    mapping. Raises whatever a hostile value raises: the gate drops the item then.
    """
    return _handler(tree_of(rows, place))


def _handler(node: Node) -> Handler:
    if node.row is not None:
        return keep(node.row.form) if node.row.form is not None else RULE_HANDLERS[node.row.rule]
    if node.items is not None:
        return _list_of(_handler(node.items), node.items)
    mapping = _mapping(node.fields)
    part = node.part()
    # Lists are remembered whole, see there.
    if part is None or part.is_list:
        return mapping
    anew = {name: _handler(node.fields[name]) for name in part.anew if name in node.fields}
    return remembering(mapping, part, anew)


_HEAD: Final = """
def apply(value, walk):
    if value.__class__ is not dict:
        value = as_dict(value, walk)
        if value is DROP:
            return DROP
    result = {}
    notes = None
    left = len(value)
    get = value.get
"""

_FIELD: Final = """
    part = get({name!r})
    if part is not None:
        left -= 1
        if {is_evident}:
            result[{name!r}] = {kept}
        else:
            part = handle_{index}(part, walk)
            if walk.note is not None:
                notes = noted(notes, {name!r}, walk)
            if part is not DROP:
                result[{name!r}] = part
"""

_TAIL: Final = """
    if left:
        notes = others(value, result, notes, walk)
    walk.note = notes
    return result
"""


def _mapping(fields: Mapping[str, Node]) -> Handler:
    named = {name: node for name, node in fields.items() if name != ANY_KEY}
    space: dict[str, Any] = {
        "DROP": DROP,
        "all_in": _all_in,
        "as_dict": _as_dict,
        "noted": _noted,
        "others": _others(
            frozenset(named), _handler(fields[ANY_KEY]) if ANY_KEY in fields else None
        ),
    }
    source = [_HEAD]
    for index, (name, node) in enumerate(named.items()):
        space[f"handle_{index}"] = _handler(node)
        is_evident, kept = _evident(node, f"form_{index}", space)
        source.append(_FIELD.format(name=name, index=index, is_evident=is_evident, kept=kept))
    source.append(_TAIL)
    exec(compile("".join(source), "<policy>", "exec"), space)
    handler: Handler = space["apply"]
    return handler


def _evident(node: Node, form_name: str, space: dict[str, Any]) -> tuple[str, str]:
    """Return the source of a test whether ``part`` may be kept as it is, and of what is kept."""
    row = node.row
    if row is None:
        texts = node.items.row if node.items is not None else None
        if texts is not None and texts.rule in SEEN_BY:
            seen = SEEN_BY[texts.rule]
            return f"part.__class__ is list and all_in(part, walk.{seen})", "part[:]"
        return "False", "None"
    if row.rule in SEEN_BY:
        return f"part.__class__ is str and part in walk.{SEEN_BY[row.rule]}", "part"
    if row.form is None:
        return "False", "None"
    if row.form.words is not None:
        space[form_name] = row.form.words
        return f"part.__class__ is str and part in {form_name}", "part"
    if row.form.most is not None:
        return f"part.__class__ is int and 0 <= part <= {row.form.most}", "part"
    space[form_name] = row.form.holds
    return f"{form_name}(part)", "part"


def _all_in(values: list[object], seen: Mapping[str, None]) -> bool:
    for value in values:  # noqa: SIM110  # a generator would take twice as long
        if value.__class__ is not str or value not in seen:
            return False
    return True


def _as_dict(value: object, walk: Walk) -> object:
    if isinstance(value, Mapping):
        return plain(value)
    walk.refused += 1
    return DROP


def _noted(notes: Note | None, key: str, walk: Walk) -> Note:
    notes = notes if notes is not None else {}
    notes[key] = walk.note
    walk.note = None
    return notes


def _others(named: frozenset[str], any_key: Handler | None) -> Any:
    """Make the function for the fields of a mapping that have no row of their own."""

    def others(
        value: Mapping[object, object], result: dict[str, object], notes: Note | None, walk: Walk
    ) -> Note | None:
        walk.spend(len(value))
        for name, part in value.items():
            if part is None or name in named:
                continue
            if any_key is None or type(name) is not str:
                walk.refused += 1
                continue
            key = walk.read_key(name)
            new = any_key(part, walk)
            if walk.note is not None:
                notes = _noted(notes, key, walk)
            if new is not DROP:
                result[key] = new
        return notes

    return others


def _list_of(item: Handler, node: Node) -> Handler:
    """Apply ``item`` to a list, to a list under ``values``, or to a single mapping.

    The protocol allows all three where it has a list of interfaces; the shape is kept.
    """

    def apply_list(values: list[Any], walk: Walk) -> list[Any]:
        result: list[object] = []
        notes: Note | None = None
        for part in values:
            new = item(part, walk) if part is not None else DROP
            if new is DROP:
                walk.note = None
                continue
            if walk.note is not None:
                notes = _noted(notes, str(len(result)), walk)
            result.append(new)
        walk.note = notes
        return result

    part = node.part()
    whole: Callable[[list[Any], Walk], Any] = apply_list
    if part is not None:
        whole = remembering(apply_list, part, {})  # type: ignore[arg-type]

    def apply(value: object, walk: Walk) -> object:
        if type(value) is list or type(value) is tuple:
            walk.spend(len(value))
            return whole(value if type(value) is list else list(value), walk)
        # Asked in this order since asking an abstract class takes longest.
        if type(value) is dict or isinstance(value, Mapping):
            value = value if type(value) is dict else plain(value)
            values = value.get("values")
            if type(values) is list or type(values) is tuple:
                walk.spend(len(values))
                result = whole(values if type(values) is list else list(values), walk)
                if walk.note is not None:
                    walk.note = {"values": walk.note}
                return {"values": result}
            return item(value, walk)
        walk.refused += 1
        return DROP

    return apply
