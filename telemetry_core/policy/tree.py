"""The rows of an item as a tree: what is remembered at which place, and what is searched there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from telemetry_core.policy.digest import Unlike
from telemetry_core.policy.forms import Form
from telemetry_core.policy.remembering import ANEW, CHANGING, Part, Search
from telemetry_core.policy.table import Row
from telemetry_core.policy.walk import Walk

ANY_KEY: Final = "*"

UNSEARCHED: Final = frozenset(
    ("keep", "drop", "anew", "name", "path", "file", "source", "packages", "session")
)
"""The rules to which values known from the request mean nothing."""


@dataclass(slots=True)
class Node:
    """A place in the item: its row if it is a leaf, else its fields or the node of its items."""

    name: str = ""
    row: Row | None = None
    fields: dict[str, Node] = field(default_factory=dict)
    items: Node | None = None
    _part: Part | None = None

    def part(self) -> Part | None:
        """Return what is remembered of such a mapping, or of the list in which it stands."""
        names = CHANGING.get(self.name)
        if names is None or not self.fields:
            return None
        if self._part is None:
            forms = {name: form for name in names if (form := self._form_of(name)) is not None}
            parts = {
                name: part
                for name, node in self.fields.items()
                if (part := (node.items or node).part()) is not None
            }
            anew = ANEW.get(self.name, ())
            is_list = self.name.endswith("[]")
            search = _search_in(self, {*anew, *parts})
            self._part = Part(
                forms,
                anew=anew,
                parts=parts,
                search=_in_each(search) if search is not None and is_list else search,
                is_list=is_list,
            )
        return self._part

    def _form_of(self, name: str) -> Form | None:
        row = self.fields[name].row if name in self.fields else None
        return row.form if row is not None else None


def tree_of(rows: Iterable[Row], place: str) -> Node:
    """Return the node of the whole item; ``place`` names it."""
    root = Node(place)
    for row in rows:
        node = root
        for step in row.path.split("."):
            name, *lists = step.split("[]")
            node = node.fields.setdefault(name, Node(name))
            for _ in lists:
                node.items = node.items or Node(f"{node.name}[]")
                node = node.items
        if node.row is not None or node.fields or node.items:
            raise ValueError(f"two rows for {row.path}")
        node.row = row
    return root


def search_of(node: Node) -> Search | None:
    """Return what gathers the texts of a place in which known values are looked for.

    None where they are looked for in nothing. Keys count as texts, and numbers as they are written.
    """
    if node.row is not None:
        if node.row.rule in UNSEARCHED:
            return None
        return _in_headers if node.row.rule == "headers" else _in_all
    if node.items is not None:
        search = search_of(node.items)
        return _in_each(search) if search is not None else None
    return _search_in(node, ())


def _search_in(node: Node, without: Iterable[str]) -> Search | None:
    searches = {
        name: search
        for name, field in node.fields.items()
        if name not in without and (search := search_of(field)) is not None
    }
    any_key = searches.pop(ANY_KEY, None)
    if any_key is None and not searches:
        return None

    def search_fields(value: Any, walk: Walk, texts: list[str]) -> None:
        if type(value) is not dict:
            _in_all(value, walk, texts)
            return
        for name, within in searches.items():
            if (part := value.get(name)) is not None:
                within(part, walk, texts)
        if any_key is not None:
            any_key({name: value[name] for name in value if name not in node.fields}, walk, texts)

    return search_fields


def _in_each(search: Search) -> Search:
    def search_each(value: Any, walk: Walk, texts: list[str]) -> None:
        if type(value) is dict and "values" in value:
            value = value["values"]
        for part in value if type(value) is list or type(value) is tuple else (value,):
            search(part, walk, texts)

    return search_each


def _in_headers(value: Any, walk: Walk, texts: list[str]) -> None:
    if walk.allow_headers:
        _in_all(value, walk, texts)


def _in_all(value: Any, walk: Walk, texts: list[str]) -> None:
    kind = type(value)
    if kind is str:
        texts.append(value)
    elif kind is dict:
        for key, part in value.items():
            # No other key leaves.
            if type(key) is str:
                texts.append(key)
            if type(part) is str:
                texts.append(part)
            else:
                _in_all(part, walk, texts)
    elif kind is list or kind is tuple:
        for part in value:
            _in_all(part, walk, texts)
    elif kind is int or kind is float:
        texts.append(str(value))
    elif value is not None and kind is not bool:
        raise Unlike
