"""Known values: found however they are written, and nothing else."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_core.filter.known import MAX_VALUES, KnownValues

pytestmark = pytest.mark.pure

STORY = "My secret story begins in Ulm. " * 20
KNOWN = KnownValues(
    [
        ("Jane O'Neil", "[USER]"),
        ("blue  suede\tshoes", "[INPUT]"),
        ('Straße 12 "Süd" & Co', "[INPUT]"),
        ("山田太郎", "[USER]"),
        ("first line of it\nand another line", "[INPUT]"),
        (STORY, "[INPUT]"),
    ]
)


@pytest.mark.parametrize(
    ("text", "filtered"),
    [
        ("for jane o'neil!", "for [USER]!"),
        ("hello Jane, bye", "hello [USER], bye"),
        ("BLUE SUEDE\n SHOES", "[INPUT]"),
        ('STRASSE 12 "SÜD" & CO', "[INPUT]"),
        ('straße 12 "süd" & co', "[INPUT]"),
        ("x=" + quote("Jane O'Neil") + "&y", "x=[USER]&y"),
        ("x=" + quote(quote("Jane O'Neil")) + "&y", "x=[USER]&y"),
        ("x=" + quote_plus("blue  suede\tshoes") + "&y", "x=[INPUT]&y"),
        (json.dumps({"who": 'Straße 12 "Süd" & Co'}), '{"who": "[INPUT]"}'),
        (json.dumps({"who": "山田太郎"}), '{"who": "[USER]"}'),
        (repr('Jane O\'Neil "x"'), "'[USER] \"x\"'"),
        (html.escape('Straße 12 "Süd" & Co'), "[INPUT]"),
        ("a=1&amp;who=Jane O&#39;Neil&amp;b=2", "a=1&amp;who=[USER]&amp;b=2"),
        ("a=1&who=Jane O'Neil&b=2", "a=1&who=[USER]&b=2"),
        ("Subject: Stra=C3=9Fe 12 =22S=C3=BCd=22 & Co", "Subject: [INPUT]"),
        ("こんにちは山田太郎さん", "こんにちは[USER]さん"),
        ("only and another line here", "only [INPUT] here"),
        (f"got {STORY[:100]}... instead", "got [INPUT]... instead"),
        (f"got {STORY[:9]}... instead", "got [INPUT]... instead"),
        (f"got {STORY.strip()}", "got [INPUT]"),
        ("Jane\u200b O'Neil", "[USER]"),
        ("blue +suede\xa0+shoes", "[INPUT]"),
        ("to =?utf-8?q?Jane_O'Neil?= today", "to [USER] today"),
        ("x: stra=C3=9Fe 12 =22S=C3=BCd=22 & co", "x: [INPUT]"),
        ("x: first li=\nne of it", "x: [INPUT]"),
    ],
)
def test_a_known_value_is_found_however_it_is_written(text: str, filtered: str) -> None:
    """In any case, white space and encoding; whole, in part, and cut off."""
    assert KNOWN.filter(text) == filtered
    assert KNOWN.filter(filtered) == filtered
    # Among others that hold nothing, and after one that reads otherwise than it stands.
    assert KNOWN.free(["plain", text, "a%20b", "plain"]) == {"plain", "a%20b"}
    assert KNOWN.free(["plain", f"{text} more"]) == {"plain"}


@pytest.mark.parametrize(
    ("value", "text", "why"),
    [
        ("Ren\u00e9e Dupont", "no /people/renee-dupont/", "a slug, as Django's slugify makes it"),
        ("Ren\u00e9e Dupont", "no renee_dupont.pdf", "a name of a file"),
        ("Ren\u00e9e Dupont", "no ren\u00e9e-dupont here", "a slug with its accents"),
        ("Ren\u00e9e Dupont", "no Rene\u0301e Dupont", "accents apart, as macOS writes them"),
        ("Rene\u0301e Dupont", "no Ren\u00e9e Dupont", "accents put together"),
        ("Ren\u00e9e Dupont", "no Renee Dupont", "without accents"),
        ("Zoe O'Brien, Jr.", "no zoe-obrien-jr", "without its punctuation"),
        ("\u5c71\u7530 \u592a\u90ce", "no \u5c71\u7530-\u592a\u90ce", "of another script"),
    ],
)
def test_a_name_is_known_as_applications_spell_it_anew(value: str, text: str, why: str) -> None:
    """In addresses of pages and names of files it is the same name."""
    filtered = KnownValues([(value, "[INPUT]")]).filter(text)
    assert "[INPUT]" in filtered, why
    assert not re.search("(?i)ren|dupont|zoe|brien|\u5c71|\u592a", filtered), why


SPELLED = KnownValues(
    [("Jane Roe", "[USER]"), ("order 12 of may", "[INPUT]"), ("Jane7 Roe8", "[INPUT]"),
     ("mary.poe@mail.example.org", "[EMAIL]"), ("sales@mail.example.org", "[EMAIL]")]
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "filtered", "reason"),
    [
        ("jane_roe.pdf", "[USER].pdf", "a file's name"),
        ("sync-jane-roe", "sync-[USER]", "a slug"),
        ("janeroe@", "[USER]@", "a user's name"),
        ("Jane7Roe8", "[INPUT]", "with digits in it"),
        ("Jane.Roe", "[USER]", "the beginning of an address"),
        ("xJane Roe1", "x[USER]1", "a phrase is no part of a word by chance"),
        ("Jane RoeJane Roe", "[USER][USER]", "nor when it stands there twice"),
        ("order 12 of mayor", "[INPUT]or", "nor at its end"),
        ("mary.poe", "[EMAIL]", "what stands before the at sign of an address"),
        ("MARY.POE@other", "[EMAIL]@other", "with what is no domain"),
        ("by mary.poe@other.example", "by mary.poe@other.example", "an address has a form"),
        (f"x {b64encode(b'Jane Roe').decode()} y", "x [USER] y", "base64"),
        (f"x {b64encode(b'Jane Roe').decode().rstrip('=')}, y", "x [USER], y", "with no padding"),
        ("a " + b64encode(b'[1, "Jane Roe"]').decode(), "a [USER]", "base64 of JSON"),
        ("of " + b"Jane Roe".hex() + "!", "of [USER]!", "hexadecimal digits"),
        (quote(b64encode(b"i of Jane Roe").decode()), "[USER]", "base64, percent-encoded"),
    ],
)
def test_a_known_value_is_found_however_it_is_spelled(
    text: str, filtered: str, reason: str
) -> None:
    """Names become file names and keys, and addresses users' names."""
    assert SPELLED.filter(text) == filtered, reason
    assert SPELLED.filter(filtered) == filtered


NAMED = KnownValues([("Jane Millerton", "[INPUT]"), ("red winter shoes", "[INPUT]"),
                     ("Ann van Lee", "[INPUT]")])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "filtered", "reason"),
    [
        ("for Jane", "for [INPUT]", "the first name alone"),
        ("J. Millerton", "J. [INPUT]", "after an initial"),
        ("MILLERTON, Jane", "[INPUT]", "as lists are sorted"),
        ("['Millerton', 'Jane']", "['[INPUT]', '[INPUT]']", "word by word"),
        ("jmillerton", "[INPUT]", "an account's name"),
        ("JaneM", "[INPUT]", "another's"),
        ("OddJaneMillertonError", "Odd[INPUT]Error", "in a word made of it"),
        ("Lee, Ann van", "[INPUT]", "a short name"),
        ("winter is over", "winter is over", "a word of what is no name"),
        ("Lee and Ann", "Lee and Ann", "words as short as any"),
    ],
)
def test_the_words_of_a_name_are_known(text: str, filtered: str, reason: str) -> None:
    """A name that somebody has typed is found as applications take it apart."""
    assert NAMED.filter(text) == filtered, reason
    assert NAMED.filter(filtered) == filtered


@pytest.mark.parametrize(
    "text", ["sales are up", "reorders 12", "janeroes", "b3JkZXIgMTM= and 6f72646572203133", "roe"]
)
def test_what_is_spelled_otherwise_stays(text: str) -> None:
    """A role is nobody, and one word still ends where a word ends."""
    assert SPELLED.filter_with_remarks(text) == (text, ())


@pytest.mark.parametrize(
    "text", ["janet", "Janes", "suede shoes", "lineman", "My secret", "[USER]"]
)
def test_parts_of_words_stay(text: str) -> None:
    """A value ends where a word ends."""
    assert KNOWN.filter_with_remarks(text) == (text, ())


@pytest.mark.parametrize(
    "value",
    ["", "   ", "abc", "12", "12345", "3.14", "true", "None", "null", "on", "en", "de-DE", "en_US",
     "zh-Hant-TW", "submit", "POST", "application/json", "text/html", "----", "[Filtered]"],
)  # fmt: skip
def test_short_and_trivial_values_are_left_alone(value: str) -> None:
    """They say nothing about anybody, and would be found everywhere."""
    known = KnownValues([(value, "[INPUT]")])
    assert not known
    assert known.filter(f"x {value} y") == f"x {value} y"


def test_the_longest_value_wins() -> None:
    """A value that holds another goes as a whole."""
    known = KnownValues([("Jane", "[USER]"), ("Jane Street 12", "[INPUT]")])
    assert known.filter("at Jane Street 12") == "at [INPUT]"


def test_remarks_say_what_stands_where() -> None:
    """Offsets count in the filtered text."""
    filtered, remarks = KNOWN.filter_with_remarks("Jane and 山田太郎")
    assert [(r.rule, r.kind, filtered[r.start : r.end]) for r in remarks] == [
        ("known_value", "s", "[USER]"),
        ("known_value", "s", "[USER]"),
    ]


def test_the_number_of_values_is_bounded() -> None:
    """A form with thousands of fields costs no more than one with hundreds: the longest stay."""
    values = [(f"value number {n} " + "x" * (n % 300), "[INPUT]") for n in range(5_000)]
    known = KnownValues(values)
    kept = [value for value, _ in values[:2_000] if known.filter(value) == "[INPUT]"]
    assert len(kept) == MAX_VALUES
    assert values[299][0] in kept


encoders = st.sampled_from([quote, quote_plus, html.escape, lambda v: json.dumps(v)[1:-1], str])


@settings(max_examples=150, deadline=None)
@given(
    value=st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=7, max_size=60
    ),
    encode=encoders,
    around=st.sampled_from([("", ""), ("x=", "&y"), ('{"a": "', '"}'), ("in ", " at"), ("(", ")")]),
)  # fmt: skip
def test_no_planted_value_survives(value, encode, around) -> None:  # type: ignore[no-untyped-def]
    """Whatever the value and the encoding, it is gone from the text."""
    value = "Q" + value + "Q"
    known = KnownValues([(value, "[INPUT]")])
    written = encode(value)
    filtered = known.filter(around[0] + written + around[1])
    assert written not in filtered
    assert value not in filtered
    assert known.filter(filtered) == filtered


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=100))
def test_nothing_raises(values: list[str], text: str) -> None:
    """Any strings as values and as text."""
    filtered, remarks = KnownValues([(v, "[INPUT]") for v in values]).filter_with_remarks(text)
    assert (filtered == text) == (remarks == ())


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=20))
def test_a_plain_value_is_folded_as_texts_are(value: str) -> None:
    """Else it would not be found in one that reads otherwise than it stands."""
    known = KnownValues([(value, "[INPUT]")])
    if known:
        assert "[INPUT]" in known.filter(f"\u00e9 {value} \u00e9")
