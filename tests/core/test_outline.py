"""An outline tells of a single text what reading it among others would."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telemetry_core.filter.detectors import DETECTORS
from telemetry_core.filter.outline import has_telling_word, outline_of, told_by
from telemetry_core.filter.shape import DIGITS, ENCODED, SHORT_WORD, shape_of, traits_of
from telemetry_core.filter.text import FILTERED, TextFilter

pytestmark = pytest.mark.pure

_PIECES = [
    *"abPz09 ,;'\"()!_-.:=/@#%&?~\\\t\n\x1b",
    *(
        "mac",
        "secret",
        "home/",
        "//",
        "file:",
        "amp;",
        "%41",
        "00",
        "0.0.0.0",
        "ff-ff-",
        "::",
        "pin=",
    ),
    *(
        "MTAuMC4wLjE",
        "YUBiLmlv",
        "=3D=C3",
        "=?a?q?",
        "AQ==",
        "aB3dE6gH9jK2mN5p",
        "identified",
        "00a00a000a",
        "\u00fc",
    ),
]
_EXAMPLES = [example for row in DETECTORS for example in (*row.finds, *row.spares)]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.sampled_from(_EXAMPLES))
def test_it_tells_each_trait_of_a_text(text: str) -> None:
    """None that a closer look would tell is missing, and none is there that it would not."""
    told = told_by(outline_of(text), has_word=has_telling_word(text))
    traits = told.traits_of(shape_of(text))
    expected = traits_of((text,)).get(0, 0)
    assert traits & told.possible == traits
    # Digits of addresses, and what is in other scripts, are for the reader to tell; and it takes
    # the very letters to tell whether something is encoded.
    unsure = DIGITS | SHORT_WORD | (ENCODED if "?" in text or "=" in text else 0)
    assert traits & ~unsure == expected & ~unsure
    assert traits & expected == expected


@example("(11) 91234-5678" * 4)
@given(st.lists(st.sampled_from([*_EXAMPLES, " ", ", ", "=", ": ", "("]), max_size=4).map("".join))
def test_a_line_is_read_as_any_text(text: str) -> None:
    """Whatever other lines with its outline were read before."""
    lines = TextFilter()
    others = text.translate({ord("1"): "7", ord("a"): "e", ord("A"): "E"})
    lines.filter_line(others)
    line, read = lines.filter_line(text)[0], TextFilter().filter(text)
    # A line has one reading more before it is given up.
    assert line == read or (read == FILTERED and TextFilter().filter(line) == line)
