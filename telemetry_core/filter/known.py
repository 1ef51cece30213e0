"""Values that a request is known to hold, and their removal from text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from telemetry_core.filter.text import Remark
from telemetry_core.filter.views import views_of

_TRIVIAL = frozenset(
    "true false none null undefined submit default yes post head patch delete options".split()
)


class KnownValues:
    """Removes given values from text, each replaced by its token."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        kept: dict[str, str] = {}
        for value, token in values:
            value = value.strip()
            if len(value) >= 4 and value.casefold() not in _TRIVIAL and len(kept) < 200:
                kept.setdefault(value.casefold()[:4096], token)
        self._values = sorted(kept.items(), key=lambda item: -len(item[0]))

    def __bool__(self) -> bool:
        return bool(self._values)

    def filter(self, text: str) -> str:
        return self.filter_with_remarks(text)[0]

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        spans: list[tuple[int, int, str]] = []
        for view in (*reversed(list(views_of(text))), None):
            folded = (text if view is None else view.text).lower()
            for value, token in self._values:
                start = folded.find(value)
                while start >= 0:
                    end = start + len(value)
                    if not re.match(r"\w\w", folded[max(0, start - 1) : start + 1]):
                        span = view.source_span(start, end) if view else (start, end)
                        if all(span[1] <= s or span[0] >= e for s, e, _ in spans):
                            spans.append((*span, token))
                    start = folded.find(value, end)
        if not spans:
            return text, ()
        pieces: list[str] = []
        remarks: list[Remark] = []
        position = length = 0
        for start, end, token in sorted(spans):
            pieces += (text[position:start], token)
            length += start - position
            remarks.append(Remark("known_value", "s", length, length + len(token)))
            length += len(token)
            position = end
        pieces.append(text[position:])
        return "".join(pieces), tuple(remarks)
