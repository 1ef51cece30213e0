"""Parts of events that come again are looked up instead of read again.

Only where no values are known from a request: what those leave of a text belongs to it alone. What
is remembered is what was made of a part, which is filtered; it is kept in bytes, so that whoever
gets a copy can't change it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any, Final

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

Changing = Mapping[str, Handler]


def remembering(place: str, whole: Handler, changing: Changing) -> Handler:
    """Remember what ``whole`` makes of a mapping at ``place``, but for what is ``changing``."""

    def apply(value: object, walk: Walk) -> object:
        if walk.known is not None or type(value) is not dict:
            return whole(value, walk)
        rest = _without(value, changing) if changing else value
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
        if changing:
            _add_changing(value, result, changing, walk)
        return result

    return apply


def remembering_list(
    place: str, whole: Callable[[list[Any], Walk], list[Any]], changing: Changing
) -> Callable[[list[Any], Walk], list[Any]]:
    """Remember what ``whole`` makes of a list of mappings, but for what is ``changing`` in them.

    That must be times, numbers and ids: kept or dropped, with nothing to remark.
    """
    scalars = tuple(changing.items())

    def apply(values: list[Any], walk: Walk) -> list[Any]:
        if walk.known is not None:
            return whole(values, walk)
        rests = values
        if changing:
            for value in values:
                if type(value) is not dict:
                    return whole(values, walk)
            rests = [_without(value, changing) for value in values]
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
            _remember(key, result, refused, walk)
        if changing:
            for value, item in zip(values, result, strict=True):
                for name, handler in scalars:
                    part = value.get(name)
                    if part is not None and (new := handler(part, walk)) is not DROP:
                        item[name] = new
        return result

    return apply


def _key_of(place: str, value: object) -> int | None:
    """Return the hash of a value of plain types at a place, or None for any other.

    The place belongs to the key, since other rules hold elsewhere. Two values with one hash would
    get one result, which is wrong but gives nothing away.
    """
    try:
        return hash(marshal.dumps((place, value), 4))  # type: ignore[arg-type]  # else ValueError
    except ValueError:
        return None


def _without(value: dict[str, Any], changing: Changing) -> dict[str, Any]:
    rest = value.copy()
    for name in changing:
        if name in rest:
            del rest[name]
    return rest


def _add_changing(
    value: dict[str, Any], result: dict[str, Any], changing: Changing, walk: Walk
) -> None:
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


def _recalled(key: int, walk: Walk) -> Any:
    body = walk.memo.get(key)
    if body is None:
        return None
    result, walk.note, refused = marshal.loads(body)
    walk.refused += refused
    return result


def _remember(key: int, result: object, refused_before: int, walk: Walk) -> None:
    remembered: Any = (result, walk.note, walk.refused - refused_before)
    body = marshal.dumps(remembered, 4)
    walk.memo.put(key, body, len(body))
