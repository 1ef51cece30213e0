"""Parts of events that come again are looked up instead of read again.

Where values are known from a request, only code is remembered, in which they are not looked for:
what they leave of other texts belongs to that request alone. What is remembered is what was made of
a part, which is filtered; whoever asks gets a copy.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from telemetry_core.policy.forms import Form
from telemetry_core.policy.memo import Remembered
from telemetry_core.policy.rules import DROP, Handler
from telemetry_core.policy.walk import Walk

REMEMBERED: Final[Mapping[str, tuple[str, ...]]] = {
    "event": (
        "event_id", "timestamp", "start_timestamp", "received", "breadcrumbs", "contexts", "spans",
        # These follow from the request as well.
        "user", "transaction",
    ),
    "exception[]": (),
    "frames[]": (),
    "breadcrumbs[]": ("timestamp",),
    "spans[]": (
        "trace_id", "span_id", "parent_span_id", "start_timestamp", "timestamp", "exclusive_time",
    ),
    "contexts": ("trace",),
    "trace": ("trace_id", "span_id", "parent_span_id"),
    "request": (),
    "sdk": (),
}  # fmt: skip
"""The mappings and lists of mappings that come again, with the fields that differ each time."""


def remembering(whole: Handler, changing: Mapping[str, Handler]) -> Handler:
    """Remember what ``whole`` makes of a mapping, but for what is ``changing`` in it."""
    place = next(_PLACES)
    blank = dict.fromkeys(changing)

    def apply(value: object, walk: Walk) -> object:
        if walk.known is not None or type(value) is not dict:
            return whole(value, walk)
        # As if the fields that differ each time were empty.
        rest = {**value, **blank} if changing else value
        key = _key_of(place, rest)
        if key is None:
            return whole(value, walk)
        result = _recalled(key, walk)
        if result is None:
            refused = walk.refused
            result = whole(rest, walk)
            if type(result) is not dict:
                return result
            _remember(key, result, refused, walk)
        for name, handler in changing.items():
            part = value.get(name)
            if part is not None:
                note, walk.note = walk.note, None
                new = handler(part, walk)
                if walk.note is not None:
                    note = note if note is not None else {}
                    note[name] = walk.note
                walk.note = note
                if new is not DROP:
                    result[name] = new
        return result

    return apply


def remembering_list(
    whole: Callable[[list[Any], Walk], list[Any]], changing: Mapping[str, Form], *, is_code: bool
) -> Callable[[list[Any], Walk], list[Any]]:
    """Remember what ``whole`` makes of a list of mappings, but for what is ``changing`` in them.

    That is times, numbers and ids, kept if they have their forms: there is nothing to remark.
    Of code as much is left where values are known from the request.
    """
    place = next(_PLACES)
    blank = dict.fromkeys(changing)

    def apply(values: list[Any], walk: Walk) -> list[Any]:
        if walk.known is not None and not is_code:
            return whole(values, walk)
        rests = values
        if changing:
            for value in values:
                if type(value) is not dict:
                    return whole(values, walk)
            rests = [{**value, **blank} for value in values]
        key = _key_of(place, rests)
        if key is None:
            return whole(values, walk)
        result: list[Any] | None = _recalled(key, walk)
        if result is None:
            refused = walk.refused
            result = whole(rests, walk)
            # Where an item was left out, what is left does not line up with what comes in.
            if len(result) != len(values) or any(type(item) is not dict for item in result):
                return whole(values, walk) if changing else result
            # A dict that has its keys already need not grow when they are set.
            for value, item in zip(values, result, strict=True):
                item.update((name, None) for name in changing if value.get(name) is not None)
            _remember(key, result, refused, walk)
        for name, form in changing.items():
            _add_column(name, form, values, result, walk)
        return result

    return apply


def _add_column(
    name: str, form: Form, values: list[dict[str, Any]], result: list[dict[str, Any]], walk: Walk
) -> None:
    """Put the field ``name`` of each of ``values`` into the item that was made of it."""
    parts = [value.get(name) for value in values]
    if form.all_hold is not None and form.all_hold(parts):
        for item, part in zip(result, parts, strict=True):
            item[name] = part
        return
    for item, part in zip(result, parts, strict=True):
        if part is not None and form.holds(part):
            item[name] = part
        else:
            item.pop(name, None)
            walk.refused += part is not None


# Belongs to each key, since other rules hold elsewhere, also under the same name.
_PLACES: Final = count()


def _key_of(place: int, value: object) -> int | None:
    """Return the hash of a value of plain types at a place, or None for any other.

    Two values with one hash would
    get one result, which is wrong but gives nothing away.
    """
    try:
        return hash(marshal.dumps((place, value), 4))  # type: ignore[arg-type]  # else ValueError
    except ValueError:
        return None


def _recalled(key: int, walk: Walk) -> Any:
    remembered = walk.memo.get(key)
    if remembered is None:
        return None
    result, walk.note = remembered.copy()
    walk.refused += remembered.refused
    return result


def _remember(key: int, result: Any, refused_before: int, walk: Walk) -> None:
    """Remember what was made of a part that came before: most of what is new stays alone."""
    if walk.memo.is_new(key):
        return
    remembered = Remembered(result, walk.note, walk.refused - refused_before)
    walk.memo.put(key, remembered, remembered.size)
