"""Values that a request is known to hold, and their removal from text.

Names and free-form input have no pattern. What a visitor sent and who they are is known while
their request lasts, though, and can be looked for as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from telemetry_core.filter.shape import may_be_written
from telemetry_core.filter.spellings import (
    MIN_LENGTH,
    PREFIX,
    TOKEN,
    accounts_of,
    joined_name,
    spellings_of,
    words_of_name,
)
from telemetry_core.filter.text import Remark
from telemetry_core.filter.views import View, fold_view, hints_at_printed, views_of, written_view

MAX_VALUES = 200
"""Values that are looked for, the longest first; the parts of values count."""
MAX_LENGTH = 4096
"""Characters of a value that are compared; what stands behind them in a text goes too, up to the
next white space."""
_ELLIPSIS = re.compile("(?<=[^ ])(?:[.]{3}|\u2026)")
_PERCENT_ENCODED = re.compile("%[0-9A-Fa-fu]").search
_ENTITY = re.compile("&(?:#|[A-Za-z][A-Za-z0-9]{1,31};)").search
_SHORTEST_CUT = 6
_SHORTEST_PHRASE = 8
_SHORTEST_JOINED = 10
_AT_HOST = re.compile(r"[\w.+'-]{0,64}@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2}").match


def _stands_out(value: str, *, joined: bool, edge: str, neighbour: str) -> bool:
    """Tell whether a value is more than a word, so that it is no part of another by chance."""
    is_phrase = " " in value and len(value) >= _SHORTEST_PHRASE
    return (is_phrase or joined) and not (edge.isdigit() and neighbour.isdigit())


class KnownValues:
    """Removes given values from text, each replaced by its token.

    ``values`` are pairs of a value and what stands in its place: ``("Jane Doe", "[USER]")``,
    ``("blue shoes", "[INPUT]")``. They are found in any case and white space, in percent-, HTML-,
    JSON- and ``repr``-encodings, in base64 and hexadecimal digits, between word boundaries (a
    phrase anywhere); a short one also as slugs and names of accounts spell it, an address also by
    what stands before its "@", a name also by each of its words, a long one also where it was cut
    off after its first ``PREFIX`` characters or more. Short and trivial values are left alone:
    fewer than four characters, small numbers, booleans, locale names, words of every form.

    Promises: takes time linear in the text for a given number of values, and never raises on
    ``str``. Does not find a value that was changed beyond encoding (translated, hashed).
    """

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        found: dict[str, str] = {}
        self._accounts: set[str] = set()
        # Of several words and long: "janemiller" is no part of another word by chance.
        self._joined: set[str] = set()
        for value, token in islice(values, 10 * MAX_VALUES):
            for spelling in spellings_of(value[: 2 * MAX_LENGTH]):
                found.setdefault(spelling[:MAX_LENGTH], token)
            for other in (*words_of_name(value, token), *accounts_of(value)):
                if other not in found:
                    self._accounts.add(other)
                    found[other] = token
            joined = joined_name(value)
            if joined in self._accounts and len(joined) >= _SHORTEST_JOINED:
                self._joined.add(joined)
        longest = sorted(found.items(), key=lambda item: -len(item[0]))[:MAX_VALUES]
        # What is searched for is the beginning; how much of a value follows is seen on the spot.
        self._beginnings = {
            value[:length]: token
            for value, token in longest
            if len(value) > PREFIX
            for length in range(_SHORTEST_CUT, PREFIX + 1)
        }
        self._values = [(value[: PREFIX + 1], value, token) for value, token in longest]
        self._starts = tuple({beginning for beginning, _, _ in self._values})

    def __bool__(self) -> bool:
        return bool(self._values)

    def filter(self, text: str) -> str:
        """Return the text with a token in place of each known value."""
        return self.filter_with_remarks(text)[0]

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        """Return the filtered text and what was changed in it, ``()`` when nothing was."""
        if not self._values or len(text) < MIN_LENGTH:
            return text, ()
        ways: Iterable[_Way]
        # A traceback has many lines, and seldom a value.
        line = f" {' '.join(text.split())} " if "\n" in text else text
        if (
            _reads_as_it_stands(line)
            and not _is_written(text)
            and (line is text or hints_at_printed(text) is None)
        ):
            folded = line.lower()
            if not self._begin_in(folded):
                return text, ()
            ways = [(folded, None, None)] if line is text else _ways_to_read(text)
        else:
            ways = _ways_to_read(text)
        spans = self._spans(text, ways)
        if not spans:
            return text, ()
        pieces: list[str] = []
        remarks: list[Remark] = []
        position = length = 0
        for start, end, token in spans:
            pieces += (text[position:start], token)
            length += start - position
            remarks.append(Remark("known_value", "s", length, length + len(token)))
            length += len(token)
            position = end
        pieces.append(text[position:])
        return "".join(pieces), tuple(remarks)

    def free(self, texts: Iterable[str]) -> set[str]:
        """Return those of many texts that hold none of the values for sure.

        Nor does any part of them. Costs far less a text than reading one at a time.
        """
        distinct = set(texts)
        joined = "|".join(distinct)
        if _reads_as_it_stands(joined) and not self._begin_in(joined.lower()):
            if not may_be_written(joined.encode()):
                return distinct
            return {
                text
                for text in distinct
                if not may_be_written(text.encode()) or self._is_free(text)
            }
        return set(filter(self._is_free, distinct))

    def _is_free(self, text: str) -> bool:
        if _reads_as_it_stands(text) and not _is_written(text):
            return not self._begin_in(text.lower())
        return len(text) <= MAX_LENGTH and not any(
            self._begin_in(folded) or next(self._cut_off(folded), None) is not None
            for folded, _, _ in _ways_to_read(text)
        )

    def _begin_in(self, folded: str) -> bool:
        for beginning in self._starts:  # noqa: SIM110  # in half the time of any()
            if beginning in folded:
                return True
        return False

    def _spans(self, text: str, ways: Iterable[_Way]) -> list[tuple[int, int, str]]:
        claimed: bytearray | None = None
        spans: list[tuple[int, int, str]] = []
        for folded, view, outer in ways:
            read = text if outer is None else outer.text
            for start, end, token in self._found(read, folded, view):
                source = (start, end) if outer is None else outer.source_span(start, end)
                if _is_in_token(text, *source):
                    continue
                claimed = claimed or bytearray(len(text))
                if claimed.find(1, *source) < 0:
                    claimed[source[0] : source[1]] = b"\1" * (source[1] - source[0])
                    spans.append((*source, token))
        spans.sort()
        return spans

    def _found(self, text: str, folded: str, view: View | None) -> Iterator[tuple[int, int, str]]:
        cut: list[tuple[int, int, str]] = []
        for beginning, value, token in self._values:
            if beginning not in folded:
                continue
            start = folded.find(beginning)
            while start >= 0:
                end = start + _common(folded, start, value)
                span = (start, end) if view is None else view.source_span(start, end)
                resume = start + 1
                begins = _is_boundary(text, span[0])
                if end - start == len(value):
                    joined = value in self._joined
                    if (
                        begins
                        or _stands_out(
                            value, joined=joined, edge=value[0], neighbour=text[span[0] - 1]
                        )
                    ) and (
                        _is_boundary(text, span[1])
                        or len(value) == MAX_LENGTH
                        or _stands_out(
                            value, joined=joined, edge=value[-1], neighbour=text[span[1]]
                        )
                    ):
                        resume = end
                        # Another address is found as a whole, and by its form.
                        if value not in self._accounts or not _AT_HOST(text, span[1]):
                            yield (*span, token)
                elif begins and _is_cut(folded, start, end):
                    cut.append((*span, token))
                    resume = end
                start = folded.find(beginning, resume)
        # Whole values first: two that begin alike are not one cut off.
        yield from sorted(cut, key=lambda span: span[0] - span[1])
        if self._beginnings and view is not None:
            for start, end, token in self._cut_off(folded):
                span = view.source_span(start, end)
                if _is_boundary(text, span[0]):
                    yield (*span, token)

    def _cut_off(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """Yield where a value was cut off before its ``PREFIX`` was over, an ellipsis after it."""
        for match in _ELLIPSIS.finditer(folded):
            end = match.start()
            for length in range(min(PREFIX, end), _SHORTEST_CUT - 1, -1):
                token = self._beginnings.get(folded[end - length : end])
                if token is not None:
                    yield end - length, end, token
                    break


_Way = tuple[str, View | None, View | None]
"""A folded text, the view that it is of what was read, and the view of the source that was read.
None is for what reads character by character as it stands."""


def _ways_to_read(text: str) -> Iterator[_Way]:
    """Yield the ways to read a text, the one with the most layers of encoding undone first."""
    views: list[View | None] = [None, *views_of(text)]
    deepest = views[-1]
    decoded = text if deepest is None else deepest.text
    if may_be_written(decoded.encode("ascii", "replace")):
        written = written_view(decoded, deepest, short=True)
        if written is not None:
            views.append(written)
    for outer in reversed(views):
        view = fold_view(text if outer is None else outer.text)
        yield view.text, view, outer


def _reads_as_it_stands(text: str) -> bool:
    """Tell whether nothing in a text is encoded, folded but for its case, or cut off. Errs to no.

    Every log line is asked: looking for one thing after the other takes a fifth of the time that
    one expression for all does.
    """
    return (
        text.isascii()
        and text.isprintable()
        and "  " not in text
        and "\\" not in text
        and "+" not in text
        and "..." not in text
        and ("%" not in text or _PERCENT_ENCODED(text) is None)
        and ("&" not in text or _ENTITY(text) is None)
        and ("=" not in text or hints_at_printed(text) is None)
    )


def _is_written(text: str) -> bool:
    """Tell whether a text that reads as it stands holds base64 or hexadecimal digits of a text."""
    return may_be_written(text.encode()) and written_view(text, None, short=True) is not None


def _is_in_token(text: str, start: int, end: int) -> bool:
    """Tell whether a stretch is part of a token of an earlier pass: "[USER]" holds no user."""
    bracket = text.rfind("[", max(0, start - 24), start + 1)
    token = TOKEN.match(text, bracket) if bracket >= 0 else None
    return token is not None and token.end() >= end


def _is_cut(text: str, start: int, end: int) -> bool:
    """Tell whether a value breaks off at ``end`` because a text was cut off, not by chance."""
    length = end - start
    return length >= 2 * PREFIX or (
        length > PREFIX and (end == len(text) or text.startswith(("...", "\u2026"), end))
    )


def _common(text: str, start: int, value: str) -> int:
    """Return how many characters of a value a text holds from ``start`` on."""
    if text.startswith(value, start):
        return len(value)
    low, high = 0, len(value)
    while low < high:
        middle = (low + high + 1) // 2
        if text.startswith(value[:middle], start):
            low = middle
        else:
            high = middle - 1
    return low


def _is_boundary(text: str, position: int) -> bool:
    """Tell whether no word goes on at a position; scripts without spaces have no words."""
    if position in (0, len(text)):
        return True
    before, after = text[position - 1], text[position]
    return not (before.isalnum() and after.isalnum()) or before > "\u2e7f" or after > "\u2e7f"
