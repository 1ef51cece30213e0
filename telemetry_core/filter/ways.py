"""The ways to read a text: as it stands, decoded, and as what its words are the base64 of."""

from __future__ import annotations

import re

from telemetry_core.filter.shape import ANY, ENCODED, LONG_WORD, SHORT_WORD, traits_of
from telemetry_core.filter.views import PRINTED_HINT, View, spaced_view, views_of, written_view

is_encoded = re.compile(
    r"%(?:[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|\x1b\[|&(?:#|[A-Za-z]+[0-9]*;)|\\[uxnrtfvb0\"'/U]"
    rf"|{PRINTED_HINT}"
).search
"""Find what hints at something to decode in ASCII text."""


class Reading:
    """One way to read a text: as it stands, or as a view of it.

    ``raw`` is one for the rows alone that look for what decoding would destroy.
    """

    __slots__ = ("raw", "text", "traits", "view")

    def __init__(self, text: str, view: View | None, traits: int, *, raw: bool = False) -> None:
        self.text = text
        self.view = view
        self.traits = traits
        self.raw = raw


def ways_to_read(text: str, traits: int) -> list[Reading]:
    """Return the ways to read a text, in their order: the first to find a value has it."""
    ways = _ways_to_decode(text, traits)
    if traits & (LONG_WORD | SHORT_WORD):
        # Read last: a token may be base64, too, and is more than what is in it.
        deepest = next((way.view for way in ways if way.view is not None), None)
        # And as it stands: what ends a word of base64, "=" and a new line, goes on in others.
        for view in (None,) if deepest is None else (deepest, None):
            written = written_view(
                text if view is None else view.text, view, short=bool(traits & SHORT_WORD)
            )
            if written is not None:
                # What was written in base64 may have been encoded before.
                ways += map(_reading_of, reversed([written, *views_of(written.text, written)]))
    return ways


def _reading_of(view: View) -> Reading:
    return Reading(view.text, view, traits_of((view.text,)).get(0, 0) | ANY)


def _ways_to_decode(text: str, traits: int) -> list[Reading]:
    plain = Reading(text, None, traits | ANY)
    if not traits & ENCODED or (text.isascii() and is_encoded(text) is None):
        return [plain]
    views = list(views_of(text))
    if not views:
        return [plain]
    views.reverse()
    shown = traits_of([view.text for view in views])
    decoded = [Reading(view.text, view, shown.get(n, 0) | ANY) for n, view in enumerate(views)]
    raw = [
        Reading(way.text, way.view, way.traits, raw=True)
        for way, view in zip(decoded, views, strict=True)
        if not view.unescaped
    ]
    ways = [*raw, Reading(text, None, plain.traits, raw=True), *decoded, plain]
    if "+" in text and "%" in text:
        # Read last: in "a+tag%40example.com" the plus may well be one.
        ways.append(_reading_of(spaced_view(views[0])))
    return ways
