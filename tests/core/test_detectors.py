"""The table of detectors: each row holds what it says, and the page shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.filter.catalogue import catalogue
from telemetry_core.filter.detectors import (
    DETECTORS,
    Detector,
    build_detectors,
    contact,
    identity,
    location,
)
from telemetry_core.filter.shape import TRAITS
from telemetry_core.filter.text import TextFilter

pytestmark = pytest.mark.pure

ALL = TextFilter()
TOKENS = sorted({row.token for row in DETECTORS if row.token} | {"[INPUT]", "[USER]"})

rows = pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)


@rows
def test_a_row_finds_its_examples_alone_and_among_all(row: Detector) -> None:
    """Each example changes, under the row alone and under the whole table."""
    alone = TextFilter([row])
    assert row.finds
    for example in row.finds:
        filtered, remarks = alone.filter_with_remarks(example)
        assert filtered != example
        assert {remark.rule for remark in remarks} == {row.name}
        assert ALL.filter(example) != example


@rows
def test_a_row_spares_its_near_misses(row: Detector) -> None:
    """Each near miss is unchanged under the row, and under the whole table."""
    assert row.spares
    for text in row.spares:
        assert TextFilter([row]).filter(text) == text
        assert ALL.filter(text) == text


@rows
def test_a_row_needs_only_traits_that_exist(row: Detector) -> None:
    """A misspelt trait would switch a detector off in silence."""
    assert set(row.traits) <= set(TRAITS)


BY_WORD = [
    (contact.WORDS, "phone_by_word"),
    (identity.WORDS, "id_by_word"),
    (location.WORDS, "coordinates"),
]


@pytest.mark.parametrize(("expression", "name"), BY_WORD, ids=[row[1] for row in BY_WORD])
@given(data=st.data())
def test_a_row_names_a_word_of_all_it_looks_for(
    expression: re.Pattern[str], name: str, data: st.DataObject
) -> None:
    """Where none of them is, the row is not tried."""
    (row,) = (row for row in DETECTORS if row.name == name)
    words = data.draw(st.from_regex(expression.pattern, fullmatch=True))
    assert any(word in words for word in row.words) or not words.isascii()


@rows
def test_a_row_without_its_words_is_tried_the_more(row: Detector) -> None:
    """They spare, and tell nothing: its examples are what they are without them."""
    if row.words:
        bare = TextFilter([replace(row, words=())])
        for text in (*row.finds, *row.spares):
            assert TextFilter([row]).filter(text) == bare.filter(text)
            assert TextFilter([row]).filter(text.upper()) == bare.filter(text.upper())


@rows
@pytest.mark.parametrize("token", TOKENS)
def test_no_row_finds_a_token(row: Detector, token: str) -> None:
    """What a detector put in place is never found again, whatever stands around it."""
    for text in (
        token,
        f"password={token}",
        f"//{token}@host",
        f'"key": "{token}"',
        f"?code={token}",
    ):
        assert TextFilter([row]).filter(text) == text


def test_names_are_unique() -> None:
    """A name is a setting's key and a rule in ``_meta``."""
    assert len({row.name for row in DETECTORS}) == len(DETECTORS)


def test_the_page_is_made_from_the_table() -> None:
    """docs/detectors.md is what the generator writes."""
    page = Path(__file__).parents[2] / "docs" / "detectors.md"
    assert page.read_text("utf-8") == catalogue()


def test_a_detector_is_switched_off_by_name() -> None:
    """The table without a row is the table without its findings."""
    detectors = build_detectors({"email": False})
    assert [row.name for row in DETECTORS if row not in detectors] == ["email"]
    assert TextFilter(detectors).filter("jane@example.com") == "jane@example.com"


@pytest.mark.parametrize(
    ("given", "text", "filtered"),
    [
        pytest.param(r"CUST-[0-9]{4,9}", "for CUST-123456", "for [CUSTOMER]", id="a bare pattern"),
        pytest.param(
            {"pattern": r"CUST-[0-9]{4,9}", "token": "[C]", "trigger": "cust-"},
            "for CUST-123456", "for [C]", id="with a token and a trigger",
        ),
        pytest.param(
            {"pattern": r"(?i:cust)-(?P<value>[0-9]{4,9})"},
            "cust-123456", "cust-[CUSTOMER]", id="only the value is replaced",
        ),
        pytest.param(
            {"pattern": r"[0-9]{4}K", "trigger": ["0000k"]},
            "a 1234K%201234K", "a [CUSTOMER]%20[CUSTOMER]", id="a digit in a trigger is any digit",
        ),
    ],
)  # fmt: skip
def test_a_detector_is_added(given: object, text: str, filtered: str) -> None:
    """A project's own detector works as the built-in ones do."""
    own = TextFilter(build_detectors({"customer": given}))
    own.prime([text, "nothing here"])
    assert own.filter(text) == filtered
    assert "nothing here" in own.clean


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"x": r"(a+)+b"}, "without a bound"),
        ({"x": r"a*"}, "without a bound"),
        ({"x": r"(a{1,40}){1,40}b"}, "too many ways"),
        ({"x": r"(?:a|a){1,60}b"}, "too many ways"),
        ({"x": r"(unclosed"}, "malformed"),
        ({"x": r"a{0,3}"}, "matches the empty text"),
        ({"x": 5}, "a string"),
        ({"x": {"token": "[X]"}}, "should have a pattern"),
        ({"x": {"pattern": "a", "colour": 1}}, "should have a pattern"),
        ({"x": {"pattern": "a", "token": "xxx"}}, "a token such as"),
        ({"x": {"pattern": "[A-Z]{1,9}", "token": "[ABC]"}}, "matches its own token"),
        ({"x": {"pattern": "a", "trigger": [1]}}, "a trigger of ASCII texts"),
        ({"not a name": "a"}, "lower case letters"),
        ({"emial": False}, "did you mean 'email'"),
    ],
)
def test_a_bad_detector_is_refused_with_a_reason(config: dict[str, object], reason: str) -> None:
    """Start-up fails, and the message says what is wrong with which detector."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        build_detectors(config)


def test_no_settings_mean_the_table() -> None:
    """Without a setting the built-in detectors run."""
    assert build_detectors() == build_detectors({}) == DETECTORS
