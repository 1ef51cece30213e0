"""What a failed claim says: which value, in which item and field, by which rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Final

from telemetry_core.collector import Leak, Planted, Received
from telemetry_core.filter.text import TextFilter
from telemetry_core.process import running_telemetry

LISTS: Final = {
    "event": "events",
    "transaction": "transactions",
    "log": "logs",
    "trace_metric": "metrics",
    "span": "spans",
    "check_in": "check_ins",
    "attachment": "attachments",
    "feedback": "feedback",
}
"""The property of an outbox that holds items of a type."""
MOST: Final = 20
"""Fields named for one value."""


def report_of(
    leaks: Sequence[Leak],
    *,
    asked: int,
    received: Iterable[Received],
    ungated: Collection[int] = (),
) -> str:
    """Describe leaks, value by value, for a person. No value is shown whole.

    :param asked: how many values were looked for.
    :param received: all that was searched, which says how many items of its type come before one.
    :param ungated: the numbers of those requests that no gate stood before.
    """
    names = _names(received)
    by_value = [
        (planted, list(found))
        for planted, found in groupby(_sorted(leaks), lambda leak: leak.planted)
    ]
    lines = [_headline(len(by_value), asked, len(leaks))]
    for planted, found in by_value:
        lines += ["", f"{_shown(planted)}"]
        rows = [(_item_and_field(leak, names), leak.form.name) for leak in found[:MOST]]
        width = max(len(place) for place, _ in rows)
        lines += [f"    {place:{width}}  {form}" for place, form in rows]
        if len(found) > MOST:
            lines.append(f"    and {len(found) - MOST} more")
        lines += [f"    {line}" for line in _rule(planted, found, ungated)]
    return "\n".join(lines)


def _sorted(leaks: Sequence[Leak]) -> list[Leak]:
    order = {leak.planted: index for index, leak in reversed(list(enumerate(leaks)))}
    # The field that the others quote first: an exception's message before lines of source code.
    return sorted(
        leaks, key=lambda leak: (order[leak.planted], leak.received.number, _is_source(leak))
    )


def _is_source(leak: Leak) -> bool:
    return "context_line" in leak.path or "_context." in leak.path


def _headline(found: int, asked: int, fields: int) -> str:
    values = (
        "the value leaks"
        if asked == 1
        else f"{found} of {asked} values {'leaks' if found == 1 else 'leak'}"
    )
    return f"{values}, in {fields} field{'s' * (fields != 1)}"


def _shown(planted: Planted) -> str:
    place = f", planted in {planted.place}" if planted.place else ""
    return f"{planted.kind} {planted.masked} ({len(planted.value)} characters{place})"


def _names(received: Iterable[Received]) -> dict[tuple[int, int], tuple[str, int]]:
    """Name each item as an outbox does: its list, and its own or its first record's place in it."""
    lengths: dict[str, int] = {}
    names: dict[tuple[int, int], tuple[str, int]] = {}
    for request in received:
        for position, item in enumerate(request.items):
            start = lengths.get(item.type, 0)
            payload = item.json
            records = payload.get("items") if isinstance(payload, dict) else None
            names[request.number, position] = item.type, start
            lengths[item.type] = start + (len(records) if isinstance(records, list) else 1)
    return names


def _item_and_field(leak: Leak, names: dict[tuple[int, int], tuple[str, int]]) -> str:
    if leak.position < 0:
        return f"{leak.item_type}: {leak.path}"
    item_type, place = names[leak.received.number, leak.position]
    path = leak.path
    first, _, rest = path.partition(".")
    index, _, within = rest.partition(".")
    if first == "items" and index.isdigit():
        place, path = place + int(index), within
    shown = LISTS.get(item_type)
    return f"{shown}[{place}] {path}" if shown else f"{item_type} {path}"


def _rule(planted: Planted, found: Sequence[Leak], ungated: Collection[int]) -> list[str]:
    remarks = TextFilter().filter_with_remarks(planted.value)[1]
    rules = list(dict.fromkeys(remark.rule for remark in remarks))
    named = " and ".join(rules)
    off = " and ".join(rule for rule in rules if _is_off(rule))
    if all(map(_is_source, found)):
        return ["These are lines of source code, which hold it as a literal."]
    if not rules:
        return [
            "Rule: none, for it has no pattern. Telemetry takes it out where the visitor sent it",
            "or is logged in with it; elsewhere it takes a row of yours in TELEMETRY_DETECTORS.",
        ]
    if any(leak.received.number in ungated for leak in found):
        return [
            f"Rule: {named} would have caught it, but the gate doesn't stand before this client,",
            "which sentry_sdk.init() has made.",
        ]
    if off:
        return [f"Rule: {named} would have caught it, but TELEMETRY_DETECTORS has {off} off."]
    return [f"Rule: {named} would have caught it in a text, which this is not."]


def _is_off(rule: str) -> bool:
    return any(config.settings.detectors.get(rule) is False for config in running_telemetry())
