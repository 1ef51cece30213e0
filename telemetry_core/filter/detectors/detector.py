"""One row of the table of detectors, and the rules that a row must keep."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One kind of personal or secret value, and how to find it in text.

    A row promises that its pattern reads any text in linear time and that its examples hold. It
    does not promise to find values that are encoded: the interpreter decodes the text and asks
    again (see :mod:`telemetry_core.filter.views`).
    """

    name: str
    """Unique, lower case with underscores; the rule's name in Sentry's ``_meta`` remarks."""
    token: str
    """What stands in the value's place; empty when the value is cut out."""
    pattern: str
    """A regular expression; the group ``value``, where it has one, is what is replaced."""
    traits: tuple[str, ...] = ()
    """What a text with such a value has, one at least; empty: try always. See
    :mod:`telemetry_core.filter.shape`."""
    trigger: tuple[str, ...] = ()
    """Expressions over a text's shape, one of which every match implies: tried on the few texts
    that have the trait, to spare most of them the pattern."""
    words: tuple[str, ...] = ()
    """Small letters in a row, some of which stand before every value, in any case."""
    check: Callable[[re.Match[str]], bool | tuple[int, int]] | None = None
    """Tells a value from what only looks like one (a check digit, an address parser). May say where
    the value stands in the text in place of ``True``, when the pattern only finds its beginning."""
    raw: bool = False
    """Tried first and on the text as it stands: decoding would destroy what it looks for."""
    finds: tuple[str, ...] = ()
    """Texts in which the detector must find a value."""
    spares: tuple[str, ...] = ()
    """Near misses: texts that must come out unchanged."""


_BACKWARDS = re.compile(
    r"(?P<gap>[\\\"'`()\[\]{}:=#,.<>|«„“*_+ ]{1,16}+)"
    r"(?P<words>[\w'-]{2,31}+(?: [\w'-]{1,20}+){0,2}+)"
).match


def words_before(match: re.Match[str]) -> tuple[str, str]:
    """Return the words before a value, at most three, in lower case, and what stands between.

    To look back from the few values that there are is faster than to search for all words.
    """
    start = match.start("value")
    found = _BACKWARDS(match.string[max(0, start - 110) : start][::-1])
    return (found["words"][::-1].lower(), found["gap"][::-1]) if found else ("", "")


_LETTERS_BEFORE = re.compile(r"(?:[^0-9A-Za-z]|\A)[A-Za-z]*[G-Zg-z][A-Za-z]*\Z").search


def stands_apart(match: re.Match[str]) -> bool:
    """Tell a number that begins a word, or stands behind its letters, from a part of hex digits."""
    start = match.start("value")
    before = match.string[max(0, start - 24) : start]
    return not (before[-1:].isascii() and before[-1:].isalnum()) or bool(_LETTERS_BEFORE(before))


def unless(refused: bool, match: re.Match[str]) -> tuple[int, int] | bool:
    """Return a verdict on a match in which no other value can begin, so that it is read once."""
    return (match.end(), match.end()) if refused else True


def value_span(detector: Detector, match: re.Match[str]) -> tuple[int, int] | None:
    """Return where the value of a match stands, ``None`` when the detector's check refuses it."""
    verdict = detector.check is None or detector.check(match)
    if verdict is True:
        return match.span("value") if "value" in match.re.groupindex else match.span()
    return verdict or None
