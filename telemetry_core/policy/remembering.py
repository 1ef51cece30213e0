"""Parts of events that come again are looked up instead of read again.

Not where values are known from the request: what those leave of a text belongs to it alone.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Mapping
from typing import Any, Final

from telemetry_core.policy.memo import key_of
from telemetry_core.policy.rules import DROP, Handler
from telemetry_core.policy.walk import Walk

# Most of an event comes again with the next one, but for the fields named here.
REMEMBERED: Final[Mapping[str, tuple[str, ...]]] = {
    "frames": (),
    "sdk": (),
    "runtime": (),
    "mechanism": (),
    "breadcrumbs": ("timestamp",),
    "spans": (
        "trace_id", "span_id", "parent_span_id", "start_timestamp", "timestamp", "exclusive_time",
    ),
}  # fmt: skip
"""The mappings that come again, and lists of them, with the fields that differ each time."""


def remembering(place: str, whole: Handler, changing: Mapping[str, Handler]) -> Handler:
    """Remember what ``whole`` makes of a mapping at ``place``, but for what is ``changing``."""

    def apply(value: object, walk: Walk) -> object:
        if walk.known is not None or type(value) is not dict:
            return whole(value, walk)
        rest = _without(value, changing)
        key = key_of(place, rest)
        if key is None:
            return whole(value, walk)
        result = _recalled(key, walk)
        if result is None:
            refused = walk.refused
            result = whole(rest, walk)
            if type(result) is not dict:
                return result
            _remember(key, result, refused, walk)
        _add_changing(value, result, changing, walk)
        return result

    return apply


def remembering_list(
    place: str, whole: Callable[[list[object], Walk], object], changing: Mapping[str, Handler]
) -> Callable[[list[object], Walk], object]:
    """Remember what ``whole`` makes of a list of mappings, but for what is ``changing`` in them."""

    def apply(values: list[object], walk: Walk) -> object:
        if walk.known is not None or not all(type(value) is dict for value in values):
            return whole(values, walk)
        rests = [_without(value, changing) for value in values] if changing else values  # type: ignore[arg-type]  # each is a dict
        key = key_of(place, rests)
        if key is None:
            return whole(values, walk)
        result = _recalled(key, walk)
        if result is None:
            refused = walk.refused
            result = whole(values, walk)
            # Where an item was left out, what is left does not line up with what comes in.
            if type(result) is list and len(result) == len(values):
                _remember(key, [_without(item, changing) for item in result], refused, walk)
            return result
        if changing:
            for value, item in zip(values, result, strict=True):
                _add_changing(value, item, changing, walk)  # type: ignore[arg-type]  # each is a dict
        return result

    return apply


def _without(value: dict[str, Any], changing: Mapping[str, Handler]) -> dict[str, Any]:
    if not changing:
        return value
    rest = value.copy()
    for name in changing:
        rest.pop(name, None)
    return rest


def _add_changing(
    value: dict[str, Any], result: dict[str, Any], changing: Mapping[str, Handler], walk: Walk
) -> None:
    for name, handler in changing.items():
        part = value.get(name)
        if part is not None:
            # These are numbers, times and ids: kept or dropped, with nothing to remark.
            new = handler(part, walk)
            if new is not DROP:
                result[name] = new


def _recalled(key: int, walk: Walk) -> Any:
    remembered = walk.memo.get(key)
    if remembered is None:
        return None
    body, walk.note, refused = remembered
    walk.refused += refused
    # A copy: what is remembered must not change with what the caller does.
    return marshal.loads(body)


def _remember(key: int, result: object, refused_before: int, walk: Walk) -> None:
    body = marshal.dumps(result, 2)
    walk.memo.put(key, (body, walk.note, walk.refused - refused_before), len(body))
