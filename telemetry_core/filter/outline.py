"""What a single text is but for its words and numbers: nearly all there is to tell of it at once.

Reading many texts together (`telemetry_core.filter.shape`) spreads the cost of each search over
all of them. A text that comes alone, such as a log line, has mostly come after others with the same
*outline*: the same characters but for which letters and which digits they are. What an outline
tells is found out once; and since it holds nothing of anybody's, it can be remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from telemetry_core.filter.alike import takes_letters_alike, whatever_letters
from telemetry_core.filter.shape import (
    ALL,
    ENCODED,
    EXPRESSIONS,
    LONG_WORD,
    SHORT_WORD,
    TRAITS,
    has_long_word,
    may_be_marked,
    may_hold_short_base64,
    projected,
)

_OUTLINE: Final = bytes(
    ord("a") if 0x61 <= code <= 0x7A
    else ord("A") if 0x41 <= code <= 0x5A
    else ord("0") if 0x30 <= code <= 0x39
    else code
    for code in range(256)
)  # fmt: skip


def outline_of(text: str) -> bytes:
    """Return a byte a character: ``a``, ``A``, ``0``, ``?`` beyond ASCII, and else what it is."""
    return text.encode("ascii", "replace").translate(_OUTLINE)


class _Expression(NamedTuple):
    trait: int
    projection: int
    start: bytes
    search: Callable[[bytes], object]
    whole: bytes

    @property
    def is_told_by_outline(self) -> bool:
        return takes_letters_alike(self.whole)


def _expression(name: str, projection: int, start: str, rest: str) -> _Expression:
    whole = (re.escape(start) + rest).encode("ascii")
    return _Expression(
        TRAITS[name],
        projection,
        start.encode("ascii"),
        re.compile(whole).search,
        whole,
    )


_EXPRESSIONS: Final = tuple(
    _expression(name, projection, start, rest)
    for name, projection, expressions in EXPRESSIONS
    for start, rest in expressions
)
_WORDS: Final = tuple(each.start.decode("ascii") for each in _EXPRESSIONS if each.start.isalpha())
"""What of the traits no punctuation tells."""


def has_telling_word(text: str) -> bool:
    """Tell whether a text holds a word by which a trait begins, whatever its outline."""
    lowered = text.lower()
    for word in _WORDS:  # noqa: SIM110  # in half the time of any()
        if word in lowered:
            return True
    return False


class Told(NamedTuple):
    """What an outline tells of the traits of its texts."""

    traits: int
    """Those that all of them have."""
    asked: tuple[_Expression, ...]
    """What has to be looked for in each: those traits that not any letters make."""

    @property
    def possible(self) -> int:
        """All that one of them may have."""
        traits = self.traits
        for expression in self.asked:
            traits |= expression.trait
        return traits

    def about(self, traits: int) -> Told:
        """Return what is told of some traits, with no other one asked for."""
        return Told(self.traits, tuple(each for each in self.asked if each.trait & traits))

    def traits_of(self, shape: bytes) -> int:
        """Return the traits of a text with this outline and of that shape."""
        traits = self.traits
        for trait, projection, _, search, _ in self.asked:
            if not traits & trait and search(projected(shape, projection)) is not None:
                traits |= trait
        return traits


def told_by(outline: bytes, *, has_word: bool) -> Told:
    """Return what an outline tells of the traits of its texts.

    :param has_word: whether they have a telling word.
    """
    if 0 in outline:
        return Told(ALL, ())
    traits = LONG_WORD if has_long_word(outline) else 0
    if may_hold_short_base64(outline):
        traits |= SHORT_WORD
    if may_be_marked(outline):
        traits |= ENCODED | SHORT_WORD
    if b"?" in outline:
        # Of one in ASCII, too, which is no harm: there is nothing to decode in it.
        traits |= ENCODED
    asked = []
    shape = outline.lower()
    for expression in _EXPRESSIONS:
        where = projected(shape, expression.projection)
        if expression.is_told_by_outline:
            if expression.search(where) is not None:
                traits |= expression.trait
        elif has_word if expression.start.isalpha() else whatever_letters(expression.whole)(where):
            asked.append(expression)
    return Told(traits, tuple(each for each in asked if not each.trait & traits))
