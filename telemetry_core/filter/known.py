"""Values that a request is known to hold, and their removal from text.

Names and free-form input have no pattern. What a visitor sent and who they are is known while
their request lasts, though, and can be looked for as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from unicodedata import normalize

from telemetry_core.filter.shape import may_be_written
from telemetry_core.filter.text import Remark
from telemetry_core.filter.views import PRINTED_HINT, View, fold_view, views_of, written_view

MAX_VALUES = 200
"""Values that are looked for, the longest first; the parts of values count."""
MAX_LENGTH = 4096
"""Characters of a value that are compared; what stands behind them in a text goes too, up to the
next white space."""
MIN_LENGTH = 4
"""Characters of the shortest value: shorter ones are found in any text."""
PREFIX = 12
"""Characters at the beginning of a longer value that give it away where a text was cut off; twice
as many do so anywhere."""

LONGEST_NAME = 80
"""Characters of a value that may be spelled anew, as a name or title is and no longer text."""

# Values that forms and headers send all the time, and that say nothing about anybody.
_TRIVIAL = frozenset(
    "true false none null nil undefined yes no on off submit default post get put head patch "
    "delete options trace "
    "connect create update save cancel search login logout http https localhost html json text "
    "utf-8 gzip deflate "
    "keep-alive close identity chunked bytes en-us en-gb de-de fr-fr name email user username "
    "password admin "
    "asc desc date title test value type page next prev previous first last none left right "
    "name id "
    "application/json application/xml text/html text/plain text/xml multipart/form-data "
    "application/x-www-form-urlencoded application/octet-stream image/png image/jpeg */* "
    "xmlhttprequest no-cache "
    "same-origin navigate document cors max-age=0".split()
)
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{4})?[-_](?:[a-z]{2}|[0-9]{3})").fullmatch
_SMALL_NUMBER = re.compile(r"[-+]?[0-9]{1,5}(?:\.[0-9]{1,4})?").fullmatch
_ELLIPSIS = re.compile("(?<=[^ ])(?:[.]{3}|\u2026)")
_PERCENT_ENCODED = re.compile("%[0-9A-Fa-fu]").search
_ENTITY = re.compile("&(?:#|[A-Za-z][A-Za-z0-9]{1,31};)").search
_PRINTED = re.compile(PRINTED_HINT).search
_NO_SLUG = re.compile(r"[^\w\s-]")
_SHORTEST_CUT = 6
_SHORTEST_PHRASE = 8
_SHORTEST_JOINED = 10
_NAME_WORDS = 4
_TOKEN = re.compile(r"\[[A-Za-z]+\]")


def _folded(text: str) -> str:
    return " ".join(fold_view(text).text.split())


def _is_telling(folded: str) -> bool:
    return (
        len(folded) >= MIN_LENGTH
        and folded not in _TRIVIAL
        and _LOCALE(folded) is None
        and _SMALL_NUMBER(folded) is None
        and _TOKEN.fullmatch(folded) is None
        and any(char.isalnum() for char in folded)
    )


# Mailboxes that are nobody's (RFC 2142, and what is as common), before an "@".
_ROLES = frozenset(
    "abuse account accounts billing contact hello help hostmaster info jobs mail marketing news "
    "no-reply noreply office orders postmaster press root sales security service shop store "
    "support team webmaster".split()
)
_ADDRESS = re.compile(r"([^\s@]{4,64})@[^\s@]+").fullmatch
_AT_HOST = re.compile(r"[\w.+'-]{0,64}@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2}").match


def _parts(value: str) -> Iterator[str]:
    """Yield a value, as applications write it anew, and those of its parts that tell it alone."""
    yield value
    if len(value) <= LONGEST_NAME:
        yield from _spellings(value)
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line.strip()) >= PREFIX)


def _words_of_name(value: str, token: str) -> Iterator[str]:
    """Yield a name's words: "Jane Doe" is often just "Jane" in a message.

    And ``jane.doe`` of an address; a list is sorted by "Doe, Jane".
    """
    if token != "[USER]" and not _is_name(value):
        return
    words = [word for word in re.split(r"[\s,;@]+", value) if len(word) < len(value)]
    yield from (word for word in words if len(word) >= MIN_LENGTH and word[0].isalpha())
    if 2 <= len(words) <= _NAME_WORDS and len(value) <= LONGEST_NAME:
        yield from (f"{words[-1]}{mark}{' '.join(words[:-1])}" for mark in (", ", ",", " "))


def _is_name(value: str) -> bool:
    """Tell whether what a visitor has typed looks like somebody's name: "Jane van Doe"."""
    words = re.split(r",? ", value) if len(value) <= LONGEST_NAME else []
    return (
        2 <= len(words) <= _NAME_WORDS
        and all(re.sub("[.'\u2019-]", "", word).isalpha() for word in words)
        and sum(word[0].isupper() for word in words) >= 2
        and words[0][0].isupper()
        and words[-1][0].isupper()
    )


def _spellings(value: str) -> Iterator[str]:
    """Yield a short value as names of files and addresses of pages spell it.

    With accents apart or left out, and with its words joined: ``zoe-dupont`` of "Zo\u00eb Dupont".
    """
    spellings = [value]
    if not value.isascii():
        yield from (normalize(form, value) for form in ("NFC", "NFD"))
        plain = normalize("NFKD", value).encode("ascii", "ignore").decode("ascii")
        # Of a script without Latin letters nothing is left that would tell it.
        if 3 * len(plain) >= 2 * len(value):
            spellings.append(plain)
            yield plain
    for spelling in spellings:
        words = _NO_SLUG.sub("", spelling).split()
        if len(words) > 1:
            yield from (mark.join(words) for mark in "-_")


def _accounts(value: str) -> Iterator[str]:
    """Yield what somebody's address or name becomes where they have an account."""
    address = _ADDRESS(value)
    if address is not None and address[1].lower() not in _ROLES:
        yield address[1]
    words = value.split() if len(value) <= LONGEST_NAME else []
    if 2 <= len(words) <= 3 and all(
        word[0].isalpha() and re.sub("[.'-]", "", word).isalnum() for word in words
    ):
        yield from (mark.join(words) for mark in ("", "."))
        # "jdoe", "janed"
        initials = (words[0][0] + words[-1], words[0] + words[-1][0])
        yield from (account for account in initials if len(account) > MIN_LENGTH)


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
            for part in _parts(value[: 2 * MAX_LENGTH]):
                folded = _folded(part)[:MAX_LENGTH]
                if _is_telling(folded):
                    found.setdefault(folded, token)
            for word in map(_folded, _words_of_name(value, token)):
                if word not in found and _is_telling(word):
                    self._accounts.add(word)
                    found[word] = token
            for account in map(_folded, _accounts(value)):
                if account not in found and _is_telling(account):
                    self._accounts.add(account)
                    found[account] = token
            joined = _folded("".join(value.split())) if len(value) <= LONGEST_NAME else ""
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
        if _reads_as_it_stands(text) and not _is_written(text):
            folded = text.lower()
            if not self._begin_in(folded):
                return text, ()
            spans = self._spans(text, [(folded, None, None)])
        else:
            spans = self._spans(text, _ways_to_read(text))
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
        and ("=" not in text or _PRINTED(text) is None)
    )


def _is_written(text: str) -> bool:
    """Tell whether a text that reads as it stands holds base64 or hexadecimal digits of a text."""
    return may_be_written(text.encode()) and written_view(text, None, short=True) is not None


def _is_in_token(text: str, start: int, end: int) -> bool:
    """Tell whether a stretch is part of a token of an earlier pass: "[USER]" holds no user."""
    bracket = text.rfind("[", max(0, start - 24), start + 1)
    token = _TOKEN.match(text, bracket) if bracket >= 0 else None
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
