"""The filter of texts: encodings, remarks, rest, the cache."""

from __future__ import annotations

import html
import json
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from email.header import Header
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_core.filter.findings import MAX_FINDINGS
from telemetry_core.filter.outline import has_telling_word, outline_of
from telemetry_core.filter.shape import is_wordy, traits_of
from telemetry_core.filter.text import (
    FILTERED,
    MAX_CACHED_LENGTH,
    TextFilter,
)

pytestmark = pytest.mark.pure

FILTER = TextFilter()

VALUES = {
    "email": ("jane.doe@example.com", "[EMAIL]"),
    "ipv4": ("203.0.113.77", "[IP]"),
    "ipv6": ("2001:db8:85a3::8a2e:370:7334", "[IP]"),
    "phone": ("+49 30 901820", "[PHONE]"),
    "card": ("4111 1111 1111 1111", "[CARD]"),
    "iban": ("DE89 3704 0044 0532 0130 00", "[IBAN]"),
    "ssn": ("123-45-6789", "[ID]"),
    "mac": ("00:1A:2b:3c:4d:5e", "[DEVICE]"),
    "token": ("ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "[SECRET]"),
    "path": ("/home/jane/app/views.py", "views.py"),
}


def _escaped(text: str) -> str:
    return "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in text)


def _entities(text: str) -> str:
    return "".join(char if char.isalnum() else f"&#{ord(char)};" for char in text)


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda v: v,
    "percent": lambda v: quote(v, safe=""),
    "percent twice": lambda v: quote(quote(v, safe=""), safe=""),
    "form": quote_plus,
    "entities": _entities,
    "html": html.escape,
    "json": lambda v: json.dumps(v)[1:-1],
    "json twice": lambda v: json.dumps(json.dumps(v)),
    "unicode escapes": _escaped,
    "escapes in json": lambda v: json.dumps(_escaped(v)),
    "repr": repr,
    "full width": lambda v: v.replace("@", "＠").replace(".", "．").replace("1", "１"),
    "zero width": lambda v: v[:5] + "\u200b" + v[5:],
    "soft hyphen": lambda v: v[:5] + "\u00ad" + v[5:],
    "zero width in the repr of bytes": lambda v: repr((v[:5] + "\u200b" + v[5:]).encode()),
    "zero width in an entity": lambda v: _entities(v[:-1]) + f"&#{ord(v[-1])}\u200b;",
    "base64": lambda v: b64encode(f"of {v} it".encode()).decode(),
    "base64 for URLs": lambda v: urlsafe_b64encode(f"?>? {v} >?>".encode()).decode().rstrip("="),
    "base64 of escapes": lambda v: b64encode(f"of {_escaped(v)}".encode()).decode(),
    "hexadecimal": lambda v: f"of {v} it".encode().hex(),
    "quoted-printable": lambda v: "".join(f"={octet:02X}" for octet in v.encode()),
    "a broken line": lambda v: f"{v[:7]}=\r\n{v[7:]}",
    "encoded word": lambda v: Header(v, "utf-8", maxlinelen=999).encode(),
    "two encoded words": lambda v: " ".join(
        f"=?utf-8?q?{''.join(f'={ord(char):02X}' for char in part)}?=" for part in (v[:6], v[6:])
    ),
    "combining": lambda v: f"{v[:5]}\u0301{v[5:]}",
    "base64, percent-encoded": lambda v: quote(b64encode(f"of {v} i".encode()), safe=""),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_found_in_every_encoding(kind: str, encoding: str) -> None:
    """The encoded form goes as a whole, and what stands around it stays."""
    value, token = VALUES[kind]
    encoded = ENCODINGS[encoding](value)
    filtered = FILTER.filter(f"id=7 who: {encoded} (404)")
    assert filtered.startswith("id=7 who: ")
    assert filtered.endswith(" (404)")
    if kind == "path":
        assert "jane" not in filtered
        assert "home" not in filtered
    else:
        assert filtered.strip("\"'\\") != encoded
        assert token in filtered
        assert len(filtered) - len("id=7 who:  (404)") <= len(token) + 6  # quotes, at most


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("aGVsbG8gd29ybGQgdGhpcyBpcyBmaW5lIG9r", "base64 of a text that holds nothing"),
        ("68656c6c6f20776f726c642c2066696e65", "hexadecimal digits of such a text"),
        ("550e8400-e29b-41d4-a716-446655440000", "a UUID decodes to no text"),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "nor does a digest"),
        ("HTTPConnectionPoolManagerFactory", "nor a name"),
    ],
)
def test_a_word_that_decodes_to_nothing_personal_stays(word: str, reason: str) -> None:
    """Also beside one that does."""
    assert FILTER.filter(f"at {word}.") == f"at {word}.", reason
    hidden = b64encode(b"to jane.doe@example.com").decode()
    assert FILTER.filter(f"{word} {hidden}") == f"{word} [EMAIL]"


@pytest.mark.parametrize("rest", ["more", "41", "\nmore", "b2YgamFuZS5kb2VAeC5vcmc="])
def test_base64_at_the_end_of_a_line_is_read(rest: str) -> None:
    """Whose padding and new line look as a broken line does in quoted-printable."""
    hidden = b64encode(b"to jane.doe@example.com").decode()
    assert hidden.endswith("=")
    filtered = FILTER.filter(f"no {hidden}\n{rest}")
    assert filtered.startswith("no [EMAIL]\n")
    assert "b2YgamFu" not in filtered


SHORT = [
    ("MTAuMC4wLjE=", "[IP]", "10.0.0.1"),
    ("MTAuMC4wLjE", "[IP]", "the same without its padding"),
    ("x=MTAuMC4wLjEy", "x=[IP]", "10.0.0.12, which needs none"),
    ("MTIzLTQ1LTY3ODk=", "[ID]", "123-45-6789"),
    ("YUBiLmlv", "[EMAIL]", "a@b.io"),
    ("6a616e6540782e6f", "6a616e6540782e6f", "hexadecimal digits of jane@x.o, which is none"),
    ("6a616e6540782e696f6a616e6540782e", "[EMAIL]", "as many digits as a digest has"),
]


@pytest.mark.parametrize(("word", "left"), [row[:2] for row in SHORT], ids=[r[2] for r in SHORT])
def test_a_short_word_of_base64_is_read(word: str, left: str) -> None:
    """Alone, in a line, and among many texts."""
    assert FILTER.filter(word) == left
    assert FILTER.filter(f"of {word}, too") == f"of {left}, too"
    fresh = TextFilter()
    assert fresh.filter_line(f"of {word} too") == (f"of {left} too", False)
    assert (
        fresh.prime(["nothing", f"of {word}!", "here"])
        .get(f"of {word}!", (word,))[0]
        .endswith(f"{left}!" if word != left else word)
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("timeout=40s width=20px", "an assignment is no octet"),
        ("a=10\nb=20", "nor is one before the end of a line"),
        ("getItem2 parseURL IPv4Address", "names"),
        ("x =\n  jane", "a broken line of code"),
        ("what=?utf8?x", "no encoded word"),
    ],
)
def test_what_only_looks_printed_stays(text: str, reason: str) -> None:
    """Numbers behind an equals sign are mostly numbers."""
    assert FILTER.filter(text) == text, reason


@pytest.mark.parametrize("at", range(25))
def test_a_key_is_found_wherever_its_first_capital_or_digit_stands(at: int) -> None:
    """Random letters may begin like a long name in code does."""
    key = "sk_live_" + "mkhkbqfncxdwriibtzvqsoplwe"[:at] + "7WiJ6DAIzkiUEq3Zt0XbNc9R"[at:] + "7"
    assert FILTER.filter(f"key={key}") == "key=[SECRET]"


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(VALUES)),
    encodings=st.lists(
        st.sampled_from(["percent", "entities", "json", "unicode escapes"]), max_size=3
    ),
    before=st.sampled_from(
        ["", " ", "a ", "(", "'", '"', "[", "<", "x=", "x: ", ", ", "用户 ", "— "]
    ),
    after=st.sampled_from(["", " ", ")", "'", '"', "]", ">", ", b", "; c", " 済", "\n"]),
)
def test_no_nesting_of_encodings_hides_a_value(
    kind: str, encodings: list[str], before: str, after: str
) -> None:
    """Up to three encodings around each other, next to anything."""
    value, _ = VALUES[kind]
    text = value
    for encoding in encodings:
        text = ENCODINGS[encoding](text)
    filtered = FILTER.filter(before + text + after)
    assert text not in filtered
    assert FILTER.filter(filtered) == filtered


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        st.one_of(
            st.sampled_from("0123456789abcdef.:/\\@%+-_=&?#~'\"()[]{}<> \n\u200b＠"),
            st.characters(),
        ),
        max_size=80,
    )
)
def test_any_text_comes_to_rest(text: str) -> None:
    """No text raises (lone surrogates and NULs included), and a second reading changes nothing."""
    filtered, remarks = FILTER.filter_with_remarks(text)
    assert FILTER.filter_with_remarks(filtered) == (filtered, ())
    assert (remarks == ()) == (filtered == text)
    for remark in remarks:
        assert 0 <= remark.start <= remark.end <= len(filtered)
        assert remark.kind == ("x" if remark.start == remark.end else "s")


def test_a_colour_that_was_encoded_hides_nothing() -> None:
    """HTML knows no control characters; what wrote an entity for one does."""
    text = "&#x1b;&#x5b;31m123&#45;45&#45;6789&#x1b;&#x5b;0m"
    assert FILTER.filter(text) == "&#x1b;&#x5b;31m[ID]&#x1b;&#x5b;0m"


def test_remarks_say_what_stands_where() -> None:
    """Offsets count in the filtered text, also for what only a second reading finds."""
    text = "from 10.0.0.1 by jane@example.com in /home/jane/x.py"
    filtered, remarks = FILTER.filter_with_remarks(text)
    assert filtered == "from [IP] by [EMAIL] in x.py"
    assert [(r.rule, r.kind, filtered[r.start : r.end]) for r in remarks] == [
        ("ipv4", "s", "[IP]"),
        ("email", "s", "[EMAIL]"),
        ("path_rooted", "x", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Django/5.2.1 on Python/3.12.1",
        "SELECT a.b FROM t WHERE id = %s AND x IN (?, ?, $1)",
        "data[1:2], data[::2], x[a:b:c], std::vector<int>::iterator",
        "2024-01-02T03:04:05.678+00:00 took 12.345 ms",
        "550e8400-e29b-41d4-a716-446655440000",
        "/api/orders/<id>/ and /api/v1/users",
        "text/html; charset=utf-8",
        "password = forms.CharField(widget=PasswordInput)",
        "def login(username: str, password: str) -> bool:",
        "<Foo object at 0x7f2b4c3d2e10>",
        "a message cut off by the SDK...",
        "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36",
        "1700000000000 and 7204458123456789012",
    ],
)
def test_clean_text_is_unchanged(text: str) -> None:
    """What only looks like a value stays, and is remembered as clean."""
    own = TextFilter()
    own.prime([text])
    assert own.filter_with_remarks(text) == (text, ())
    assert text in own.clean


def test_priming_remembers_clean_texts_only() -> None:
    """No text with a value in it is ever kept, however it came in."""
    own = TextFilter()
    texts = [
        "clean",
        "jane@example.com",
        "x\0y",
        "\ud800",
        "caf\u00e9",
        "mail%40example.com is short",
    ]
    own.prime([*texts, *texts])
    assert own.filter("jane@example.com") == "[EMAIL]"
    assert set(own.clean) == {"clean", "x\0y", "\ud800", "caf\u00e9"}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=30), st.sampled_from([v for v, _ in VALUES.values()]))))
def test_priming_agrees_with_reading_one_at_a_time(texts: list[str]) -> None:
    """A text is clean after priming exactly when filtering alone leaves it as it is."""
    together = TextFilter()
    together.prime(texts)
    alone = TextFilter()
    assert set(together.clean) == {text for text in texts if alone.filter(text) == text}


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.from_regex(r"[0-9]{1,10}\.[0-9]{1,7}", fullmatch=True),
        st.from_regex(r"[0-9]{1,4}\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9]{1,19}", fullmatch=True),
        st.from_regex(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:.+-]{8,20}Z?", fullmatch=True),
        st.sampled_from(["0171.1234567", "0301.234567", "0049301234.5678901"]),
    )
)
def test_what_priming_spares_unread_holds_nothing(text: str) -> None:
    """Ids, numbers and times pass without a look at each detector: none would find anything."""
    own = TextFilter()
    own.prime([text])
    assert (text in own.clean) == (TextFilter().filter(text) == text)


def test_the_cache_is_bounded_in_bytes() -> None:
    """However many clean texts come, those kept take no more than was allowed."""
    own = TextFilter(cache_bytes=50_000)
    for number in range(3_000):
        own.prime([f"clean text no. {number} " + "é" * (number % 50)])
        assert own.cached_bytes <= 50_000
    assert len(own.clean) > 50
    size = sum(text.__sizeof__() for text in own.clean) + own.clean.__sizeof__()
    assert size <= 50_000


def test_very_long_texts_are_not_cached() -> None:
    """One long text would push out hundreds of others."""
    own = TextFilter()
    own.prime(["x" * (MAX_CACHED_LENGTH + 1)])
    assert not own.clean


def test_a_text_with_too_many_values_is_dropped_whole() -> None:
    """Past a few thousand values nobody needs the rest, and time stays linear."""
    filtered, remarks = FILTER.filter_with_remarks("a@b.example " * (MAX_FINDINGS + 1))
    assert filtered == FILTERED
    assert [remark.rule for remark in remarks] == ["unreadable"]


def test_threads_share_a_filter() -> None:
    """Filled and emptied from several threads, the cache keeps its bound and its promise."""
    own = TextFilter(cache_bytes=20_000)

    def work(name: int) -> None:
        for number in range(300):
            own.prime([f"text {name} {number}", f"u{number}@example.com"])
            assert own.filter(f"u{number}@example.com") == "[EMAIL]"

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert own.cached_bytes <= 20_000
    assert not [text for text in own.clean if "@" in text]


NEIGHBOURS = [
    "„{}“",
    "«{}»",
    "「{}」",
    "見る{}です",
    "—{}—",
    "🙂{}🙂",
    "\x1b[31m{}\x1b[0m",
    "is\x1b[1m{}",
]


@pytest.mark.parametrize("around", NEIGHBOURS, ids=range(len(NEIGHBOURS)))
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_found_between_other_scripts_and_colours(kind: str, around: str) -> None:
    """Typographic quotes, letters of other scripts, emoji and a terminal's colours end a value."""
    value, token = VALUES[kind]
    filtered = FILTER.filter(around.format(value))
    assert token in filtered
    assert value not in filtered
    assert FILTER.filter(filtered) == filtered


_PIECES = [*"abPz09 ,;'\"()!_-.:=/@#%\t\n", "mac", "secret", "identified", "the"]


@given(st.lists(st.sampled_from(_PIECES), max_size=40))
def test_a_wordy_text_has_no_trait(pieces: list[str]) -> None:
    """What is told at a glance is what a closer look would tell."""
    text = "".join(pieces)
    if is_wordy(text) and not has_telling_word(text):
        assert traits_of((text,)) == {}


@given(st.text(max_size=60), st.text(alphabet="0123456789", min_size=1, max_size=60))
def test_a_plain_text_is_plain_with_any_digits(text: str, digits: str) -> None:
    """Lines that differ in their numbers alone are told for clean by the first of them."""
    texts = TextFilter()
    read, plain = texts.filter_line(text)
    assert read == TextFilter().filter(text)
    if plain:
        others = iter(digits * len(text))
        other = "".join(next(others) if "0" <= char <= "9" else char for char in text)
        assert texts.filter(other) == other


def test_what_passes_at_a_glance_has_an_outline_met_before() -> None:
    """The first of a kind is read, what was found out about it holds for the likes of it."""
    texts = TextFilter()
    assert not texts.passes("order 17: paid by card")
    assert texts.passes("order 23: made by hand")
    assert "order 23: made by hand" in texts.clean
    assert texts.passes("order 42: sent on foot")
    for _ in range(3):
        assert not texts.passes("order 42 sent to jane@example.org")


@given(
    st.lists(st.sampled_from([*_PIECES, *(value for value, _ in VALUES.values())]), max_size=12),
    st.randoms(use_true_random=False),
)
def test_what_passes_at_a_glance_holds_nothing(pieces: list[str], random: Random) -> None:
    """Nor does any other text with that outline."""
    text = "".join(pieces)
    kinds = {"a": ascii_lowercase, "A": ascii_uppercase, "0": digits}
    other = "".join(
        random.choice(kinds[kind]) if kind in kinds else char
        for char, kind in zip(text, outline_of(text).decode("ascii"), strict=True)
    )
    texts = TextFilter()
    for each in (text, text, other):
        if texts.passes(each):
            assert TextFilter().filter(each) == each
