"""A planted value is found in whatever form it left, and its place is named."""

from __future__ import annotations

import ast
import base64
import html
import json
import time
import urllib.parse
from collections.abc import Callable

import pytest

from telemetry_core.collector import FORMS, Planted, Store, find_leaks, find_value, parse_envelope

pytestmark = pytest.mark.pure

VALUE = "Zoë O'Hara+7/9 <zoe@example.org>"


def _percent_all(value: str) -> str:
    return "".join(f"%{byte:02x}" for byte in value.encode())


def _base64(before: bytes, after: bytes, encode: Callable[[bytes], bytes]) -> bytes:
    return encode(before + VALUE.encode() + after)


ROWS: list[tuple[str, bytes, str]] = [
    ("plain", VALUE.encode(), "as typed"),
    ("percent-encoded", urllib.parse.quote(VALUE).encode(), "as Python quotes"),
    ("percent-encoded", urllib.parse.quote(VALUE, safe="").encode(), "the slash, too"),
    ("percent-encoded", _percent_all(VALUE).encode(), "every byte, lower hex"),
    ("percent-encoded", _percent_all(VALUE).upper().encode(), "every byte, upper hex"),
    (
        "percent-encoded twice",
        urllib.parse.quote(urllib.parse.quote(VALUE)).encode(),
        "a URL as a parameter",
    ),
    ("form-encoded", urllib.parse.quote_plus(VALUE).encode(), "blanks as '+'"),
    ("JSON-escaped", json.dumps(VALUE).encode(), "ASCII only"),
    ("JSON-escaped", json.dumps(VALUE).replace("/", "\\/").encode(), "as PHP escapes"),
    ("JSON-escaped", "".join(f"\\u{ord(c):04X}" for c in VALUE).encode(), "every character"),
    ("JSON-escaped twice", json.dumps(json.dumps(VALUE)).encode(), "JSON in JSON"),
    (
        "percent-encoded in JSON",
        json.dumps({"café": urllib.parse.quote_plus(VALUE)}).replace("%", "\\u0025").encode(),
        "a URL in JSON",
    ),
    ("base64", _base64(b"", b"", base64.b64encode), "alone"),
    ("base64", _base64(b"1", b"after", base64.b64encode), "one byte before"),
    ("base64", _base64(b"12", b"a", base64.b64encode), "two bytes before"),
    ("base64", _base64(b"user:", b":pw", base64.urlsafe_b64encode), "URL-safe"),
    ("hexadecimal", VALUE.encode().hex().encode(), "lower case"),
    ("hexadecimal", VALUE.encode().hex().upper().encode(), "upper case"),
    ("HTML-escaped", html.escape(VALUE).encode(), "as Python escapes"),
    ("HTML-escaped", "".join(f"&#{ord(c)};" for c in VALUE).encode(), "every character"),
    ("case-folded", VALUE.upper().encode(), "upper case"),
    ("case-folded", json.dumps(VALUE.upper()).encode(), "upper case in JSON"),
    (
        "percent-encoded and case-folded",
        urllib.parse.quote(VALUE.upper()).encode(),
        "an upper-case URL",
    ),
    ("reversed", VALUE[::-1].encode(), "backwards"),
    ("repr", ascii(VALUE).encode(), "Python's ascii()"),
    ("repr", repr(VALUE.encode()).encode(), "bytes in a message"),
    ("repr in JSON", json.dumps({"m": f"got {VALUE.encode()!r}"}).encode(), "the same, in JSON"),
    ("file name", "f/Zoë_OHara79_zoeexample.org.txt".encode(), "as Django stores it"),
    ("file name", b"Zo%C3%AB_OHara79_zoeexample.org.txt", "and links to it"),
    ("file name", b"Zoe_OHara7_9_zoeexample.org.txt", "as Werkzeug's secure_filename has it"),
    ("regrouped", b"Zo\xc3\xab-O'Hara+79<zoe@exampleorg>", "blanks and dots moved"),
    ("other charset", VALUE.encode("latin-1"), "Latin-1"),
    ("other charset", VALUE.encode("utf-16-le"), "UTF-16"),
]


@pytest.mark.parametrize(("form", "haystack", "reason"), ROWS)
def test_a_value_is_found_in_each_form(form: str, haystack: bytes, reason: str) -> None:
    """Each row is one way to write the value that a plain search may miss."""
    assert form in {found.name for found in find_value(b'{"x": 1} ' + haystack + b" end", VALUE)}


def test_each_form_has_an_example() -> None:
    """A form that no example shows might never find anything."""
    assert {form.name for form in FORMS} == {name for name, _, _ in ROWS}


@pytest.mark.parametrize(("form", "haystack", "reason"), ROWS)
def test_another_value_in_the_same_form_is_not_found(
    form: str, haystack: bytes, reason: str
) -> None:
    """The search finds the value, not the form."""
    assert find_value(haystack, "Max Mustermann, Musterweg 12") == []
    assert find_value(haystack, VALUE + "x") == []


@pytest.mark.parametrize(
    ("value", "haystack"),
    [
        ("plainword", b"a plainword here"),
        ("50%41bc", b"a 50%41bc here"),
        ("a+b c", b"q=a+b c"),
        ("back\\u0041slash", b"back\\u0041slash"),
        ("&amp; co", b"&amp; co"),
        ("漢字かな", "漢字かな".encode()),
        ("\ud800 lone", "\ud800 lone".encode("utf-8", "surrogatepass")),
        ("\x00nul\n", b"\x00nul\n"),
        ("x", b"x"),
    ],
)
def test_a_value_as_typed_is_plain_and_nothing_else(value: str, haystack: bytes) -> None:
    """Decoding bytes that are not encoded finds no second form, nor loses the first."""
    assert next(form.name for form in find_value(haystack, value)) == "plain"


@pytest.mark.parametrize(
    ("value", "haystack"),
    [
        ("+49 30 1234567", b"tel:+49301234567"),
        ("4111111111111111", b"4111 1111 1111 1111"),
        ("DE89 3704 0044 0532 0130 00", b"DE89-3704-0044-0532-0130-00"),
        ("1990-02-17", b"1990/02/17"),
    ],
)
def test_numbers_are_found_however_they_are_grouped(value: str, haystack: bytes) -> None:
    """Blanks, dashes and dots in a number do not hide it."""
    assert [form.name for form in find_value(haystack, value)] == ["regrouped"]


def test_an_empty_value_is_an_error() -> None:
    """It would be found everywhere, or, worse, nowhere."""
    with pytest.raises(ValueError, match="at least one character"):
        find_value(b"x", "")


def test_nothing_is_found_in_nothing() -> None:
    """Empty bytes hold no value."""
    assert find_value(b"", VALUE) == []


@pytest.mark.parametrize("filler", [b"\\u", b"%2", b"&#", b"a+", b"\\ud83d", b"&" * 3, b"\xff"])
def test_the_search_takes_time_in_proportion_to_the_bytes(filler: bytes) -> None:
    """Half a megabyte that looks like starts of escapes takes seconds of the processor at most."""
    haystack = filler * (500_000 // len(filler))
    started = time.thread_time()
    assert find_value(haystack, VALUE) == []
    assert time.thread_time() - started < 10


# Naming the place


def _store(body: bytes, *headers: tuple[str, str]) -> Store:
    store = Store()
    store.add(
        request_line="POST /api/1/envelope/",
        headers=headers,
        body=body,
        envelope=parse_envelope(body),
    )
    return store


def _body(payload: object, item_headers: str = '"type":"event"', headers: str = "{}") -> bytes:
    return f"{headers}\n{{{item_headers}}}\n{json.dumps(payload)}\n".encode()


MAIL = Planted(kind="e-mail", value="zoe.ohara@example.org", place="form field")


@pytest.mark.parametrize(
    ("body", "headers", "item_type", "path"),
    [
        (_body({"a": [{"b": f"to {MAIL.value}"}]}), (), "event", "a.0.b"),
        (_body({MAIL.value: 1}), (), "event", "(name of key 0)"),
        (_body({"a": {MAIL.value: 1}}), (), "event", "a.(name of key 0)"),
        (_body({"a": "zoe.ohara%40example.org"}), (), "event", "a"),
        (
            _body({}, f'"type":"attachment","filename":"{MAIL.value}"'),
            (),
            "attachment",
            "item header.filename",
        ),
        (
            _body({}, headers=f'{{"trace":{{"user_id":"{MAIL.value}"}}}}'),
            (),
            "request",
            "envelope header.trace.user_id",
        ),
        (b"{}\n", (("Referer", f"/?{MAIL.value}"),), "request", "header Referer"),
        (
            b'{}\n{"type":"attachment"}\nto ' + MAIL.value.encode(),
            (),
            "attachment",
            "bytes of the payload",
        ),
        (
            b'{"a":"' + MAIL.value.encode() + b'", "a":"covered up"}\n',
            (),
            "request",
            "bytes of the body",
        ),
    ],
)
def test_a_leak_names_item_and_field(
    body: bytes, headers: tuple[tuple[str, str], ...], item_type: str, path: str
) -> None:
    """Wherever the value stands, also where no parser looks, the report says where that is."""
    (leak,) = find_leaks(_store(body, *headers), [MAIL])
    assert (leak.item_type, leak.path) == (item_type, path)


def test_a_leak_never_shows_the_whole_value() -> None:
    """The report names kind, place and form, and only the beginning of the value."""
    (leak,) = find_leaks(_store(_body({"message": MAIL.value})), [MAIL])
    assert str(leak) == (
        "e-mail zoe… (plain, planted in form field) in event at message, request 1"
    )


def test_a_leak_in_a_key_does_not_repeat_it_in_the_path() -> None:
    """What stands below a key that holds a value is reported without that value."""
    payload = {MAIL.value: {"again": MAIL.value}}
    leaks = find_leaks(_store(_body(payload)), [MAIL])
    assert len(leaks) == 2
    assert all(MAIL.value not in str(leak) for leak in leaks)


def test_what_arrived_clean_has_no_leak() -> None:
    """Tokens in the place of values are no finding."""
    assert find_leaks(_store(_body({"message": "mail to [EMAIL]"})), [MAIL]) == []


def test_python_can_read_the_repr_rows_back() -> None:
    """The rows for repr are real ones."""
    texts = [haystack.decode() for name, haystack, _ in ROWS if name == "repr"]
    assert {ast.literal_eval(text) for text in texts} == {VALUE, VALUE.encode()}
