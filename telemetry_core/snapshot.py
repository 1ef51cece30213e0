"""The cheap form of an event: copied at once where it holds nothing but plain data.

The SDK's serializer walks every value of an event on the thread that captures it, at some
microseconds each: half of what an error costs a request, and most of what a transaction does. It is
made for values of any kind; nearly all of those in an event are plain.
"""

from __future__ import annotations

import math
from datetime import datetime
from types import NoneType
from typing import Any, Final

import sentry_sdk
from sentry_sdk import serializer
from sentry_sdk.utils import format_timestamp

# What is deeper or broader in a part that the application fills, the SDK cuts off, and says so.
_BAG_DEPTH: Final = serializer.MAX_DATABAG_DEPTH - 1
_BAG_BREADTH: Final = serializer.MAX_DATABAG_BREADTH

_MAX_DEPTH: Final = 30
_MAX_BREADTH: Final = 1_000_000
_MAX_LENGTH: Final = 1_000_000
"""Characters of a text; a longer one, or one that the SDK might cut, is left to the SDK."""

_LEAVES: Final = frozenset((bool, int, NoneType))


class Snapshot(dict[str, Any]):
    """An event that the SDK's serializer asks for its plain form.

    To everything else, such as other event processors, it is the event, a dictionary. It promises
    what the serializer would have made of it, and that nothing in it is shared with the event: what
    the application changes afterwards does not change what is sent.

    An SDK that no longer asks (``__sentry_repr__``) walks it as it does any dictionary.
    """

    __slots__ = ()

    def __sentry_repr__(self) -> dict[str, Any]:
        """Return the event's plain form."""
        options = sentry_sdk.get_client().options
        limit = options.get("max_value_length")
        # The SDK counts bytes in UTF-8, of which a character has four at most.
        length = _MAX_LENGTH if limit is None else limit // 4
        asked = _ASKED if serializer.global_repr_processors else ()
        plain: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for key, value in self.items():
            try:
                if key in asked or type(key) is not str:
                    raise _NotPlain
                if type(value) is str and len(value) <= length and key not in _OF_A_SHAPE:
                    plain[key] = value
                else:
                    plain[key] = _part(key, value, length)
            except Exception:
                # That, or something that another thread is changing.
                rest[key] = value
        if rest:
            plain |= serializer.serialize(
                rest,
                max_request_body_size=options.get("max_request_body_size"),
                max_value_length=limit,
                custom_repr=options.get("custom_repr"),
            )
        return plain


_ASKED: Final = frozenset(("breadcrumbs", "extra", "request", "spans"))
"""The parts of an event of which the SDK asks processors of values, where there are any."""


_OF_A_SHAPE: Final = frozenset(("breadcrumbs", "request"))
"""The parts that the SDK doesn't take for just any value."""


class _NotPlain(Exception):
    """Something that only the SDK's serializer knows how to write."""


def _part(key: str, value: Any, length: int) -> Any:
    """Return the plain form of one part of an event."""
    if key == "breadcrumbs":
        if type(value) is not dict or value.keys() != {"values"}:
            raise _NotPlain
        crumbs = value["values"]
        if type(crumbs) is not list:
            raise _NotPlain
        return {"values": [_plain(crumb, _BAG_DEPTH, _BAG_BREADTH, length) for crumb in crumbs]}
    if key == "extra":
        return _plain(value, _BAG_DEPTH, _BAG_BREADTH, length)
    if key == "request" and (type(value) is not dict or "data" in value):
        raise _NotPlain
    return _plain(value, _MAX_DEPTH, _MAX_BREADTH, length)


def _plain(value: Any, depth: int, breadth: int, length: int) -> Any:
    kind = type(value)
    if kind is str:
        if len(value) <= length:
            return value
    elif kind in _LEAVES:
        return value
    elif kind is dict:
        if depth > 0 and len(value) <= breadth:
            return _plain_mapping(value, depth - 1, breadth, length)
    elif kind is list or kind is tuple:
        if depth > 0 and len(value) <= breadth:
            depth -= 1
            return [
                each
                if type(each) is str and len(each) <= length
                else _plain(each, depth, breadth, length)
                for each in value
            ]
    elif kind is float:
        if math.isfinite(value):
            return value
    elif kind is datetime:
        return _written(value)
    raise _NotPlain


def _written(time: datetime) -> str:
    """Return what the SDK writes for a time, of which there is one in each breadcrumb."""
    text = time.isoformat(timespec="microseconds")
    is_usual = text.endswith("+00:00") and text[0] != "0"
    return f"{text[:-6]}Z" if is_usual else format_timestamp(time)


def _plain_mapping(mapping: dict[Any, Any], depth: int, breadth: int, length: int) -> Any:
    copied = {}
    for key, value in mapping.items():
        kind = type(value)
        if type(key) is not str:
            raise _NotPlain
        if (kind is str and len(value) <= length) or kind in _LEAVES:
            copied[key] = value
        elif kind is dict and depth > 0 and len(value) <= breadth:
            copied[key] = _plain_mapping(value, depth - 1, breadth, length)
        else:
            copied[key] = _plain(value, depth, breadth, length)
    return copied
