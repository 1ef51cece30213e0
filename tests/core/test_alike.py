"""An expression that takes digits, or letters, alike matches the same whatever they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.filter.alike import takes_digits_alike, takes_letters_alike, whatever_letters
from telemetry_core.filter.detectors import DETECTORS
from telemetry_core.filter.shape import EXPRESSIONS, shape_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("pattern", "alike"),
    [
        (r"/home/[^/]+/\w+", True),
        (r"\d{3,5}(?:[a-z]|\Z)", True),
        (r"(?i)(?<![0-9])[0-9a-f]++(?!x)", True),
        (r"(?P<a>[^-])+?|.*$", True),
        (r"1", False),
        (r"[^5]", False),
        (r"[0-5]", False),
        (r"(?:a(?=b(?:c|[1-9])))", False),
        (r"(?>x|7)", False),
        (r"(\d)\1", False),
        (r"(\d)?(?(1)a|b)", False),
    ],
)
def test_what_tells_digits_apart_is_told(pattern: str, alike: bool) -> None:
    """Wherever in the expression it stands; what refers back counts as telling."""
    assert takes_digits_alike(pattern) is alike


@pytest.mark.parametrize(
    ("expression", "alike"),
    [
        (rb"00[a-z]{2}(?=[^0a-z]|\Z)", True),
        (rb"@(?<=[^\s\x00]@)", True),
        (rb"/home/", False),
        (rb"-(?=[0a-f]{2}-)", False),
        (rb"[^x]", False),
    ],
)
def test_what_tells_letters_apart_is_told(expression: bytes, alike: bool) -> None:
    """By a literal, or by a class that holds some of them."""
    assert takes_letters_alike(expression) is alike


@pytest.mark.parametrize(
    ("expression", "finds", "misses"),
    [
        (rb"iban0", b"aaaa0", b"aaa0"),
        (rb"(?:mac|imei)=[0a-f]{2}", b"aaa=0a", b"aaa=-"),
        (rb"0(?<=[b-d]0)(?!x)a?", b"a0", b"-0"),
        (rb"(?:[x-]{2}){2,}\Z", b"a-a-", b"a-a"),
        (rb"[^0a-z][a-z]++", b"-aa", b"0aa"),
        (rb"[^x]0", b"", None),
        (rb"(?>ab|a)b", b"", None),
    ],
)
def test_a_search_can_take_any_letter_for_another(
    expression: bytes, finds: bytes, misses: bytes | None
) -> None:
    """All else has to be as it was; an expression it can't be done with finds everything."""
    search = whatever_letters(expression)
    assert search(finds)
    assert misses is None or not search(misses)


_SEARCHED = [
    *("|".join(row.trigger).encode() for row in DETECTORS if row.trigger),
    *((re.escape(start) + rest).encode() for _, _, each in EXPRESSIONS for start, rest in each),
]
_SHAPES = [shape_of(example) for row in DETECTORS for example in (*row.finds, *row.spares)]


@given(st.sampled_from(_SEARCHED), st.lists(st.sampled_from(_SHAPES), min_size=1, max_size=3))
def test_it_finds_whatever_the_expression_does(expression: bytes, shapes: list[bytes]) -> None:
    """In a shape of which every letter is another one, too."""
    shape = b" ".join(shapes)
    if re.search(expression, shape):
        search = whatever_letters(expression)
        assert search(shape)
        assert search(re.sub(rb"[a-z]", b"a", shape))


def test_most_triggers_can_be_asked_of_an_outline() -> None:
    """Or nothing would be spared."""
    answers = [whatever_letters(expression)(b"") for expression in _SEARCHED]
    assert answers.count(None) > len(answers) / 2


ALIKE = [re.compile(row.pattern) for row in DETECTORS if takes_digits_alike(row.pattern)]


def test_some_detectors_take_digits_alike_and_some_do_not() -> None:
    """Paths do, numbers with check digits or ranges don't."""
    names = {row.name for row in DETECTORS if takes_digits_alike(row.pattern)}
    assert {"path_rooted", "path_file"} <= names
    assert names != {row.name for row in DETECTORS}


@given(
    st.lists(st.sampled_from([*"/.@-:=19 ", "home", "jane", "a1", "17", "key", "\\"]), max_size=20),
    st.text(alphabet="0123456789", min_size=1, max_size=40),
)
def test_they_match_the_same_of_two_texts(pieces: list[str], digits: str) -> None:
    """Their first match is at the same place."""
    text = "".join(pieces)
    others = iter(digits * len(text))
    other = "".join(next(others) if char.isdigit() else char for char in text)
    for pattern in ALIKE:
        first, second = pattern.search(text), pattern.search(other)
        assert (first and first.span()) == (second and second.span()), pattern.pattern
