r"""Look for a planted value in bytes, in whatever form it may have left the process.

A search for the value as it was typed misses ``jane%40example.org`` in a URL, ``Z\u00fcrich`` in
JSON and ``amFuZUBleGFtcGxlLm9yZw`` in a header. So it is looked for in each of ``FORMS``.
Where a form is a matter of the sender's taste (which characters are percent-encoded, in which
case), the bytes searched are decoded instead of the value encoded, so that any taste is found.

Not found: values that were hashed, encrypted or compressed, and values of which only a part left.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

SHORTEST_BASE64 = 6
SHORTEST_REGROUPED = 8
SHORTEST_FILE_NAME = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way in which a value may stand in bytes."""

    name: str
    where: str
    """Where one meets it."""
    view: Callable[[bytes], bytes]
    """What the bytes to search are turned into first."""
    needles: Callable[[str], Iterable[bytes]]
    """What is then looked for."""
    beyond: tuple[str, ...] = ()
    """The forms that this one also finds. It counts only where it finds more than they do."""


def find_value(haystack: bytes, value: str) -> list[Form]:
    """Return the forms in which ``value`` stands in ``haystack``; an empty list when in none.

    Raises ValueError for an empty value. A value of a few characters is found by chance; plant
    longer ones.
    """
    found = []
    counts: dict[str, int] = {}
    for form, needles in _needles_of(value):
        view = form.view(haystack)
        count = counts[form.name] = sum(map(view.count, needles))
        # Should a simpler form be found as often, it is in the list already, or what it goes
        # beyond is: nothing that stands in the bytes is lost by this.
        if count and count > max((counts.get(name, 0) for name in form.beyond), default=0):
            found.append(form)
    return found


def first_form(haystack: bytes, value: str) -> Form | None:
    """Return the most direct form in which ``value`` stands there: the first of `find_value`."""
    for form, needles in _needles_of(value):
        view = form.view(haystack)
        for needle in needles:
            if needle in view:
                return form
    return None


@lru_cache(maxsize=256)
def _needles_of(value: str) -> tuple[tuple[Form, tuple[bytes, ...]], ...]:
    """Return what to look for in each form's view, but for forms that the value doesn't have."""
    if not value:
        raise ValueError("The value to look for should have at least one character.")
    made = ((form, tuple(form.needles(value))) for form in FORMS)
    return tuple((form, needles) for form, needles in made if needles)


# Views: the bytes to search, decoded. The last few are kept, since many values are looked for
# in the same bytes.


def _as_is(haystack: bytes) -> bytes:
    return haystack


@lru_cache(maxsize=8)
def _percent_decoded(haystack: bytes) -> bytes:
    return unquote_to_bytes(haystack)


@lru_cache(maxsize=8)
def _percent_decoded_twice(haystack: bytes) -> bytes:
    return unquote_to_bytes(_percent_decoded(haystack))


@lru_cache(maxsize=8)
def _form_decoded(haystack: bytes) -> bytes:
    return unquote_to_bytes(haystack.replace(b"+", b" "))


_JSON_ESCAPE = re.compile(
    rb"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u(?P<code>[0-9a-fA-F]{4})|(?P<short>[\"\\/bfnrt]))"
)
_SHORT = dict(
    zip(b'"\\/bfnrt', (b'"', b"\\", b"/", b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True)
)


def _json_character(match: re.Match[bytes]) -> bytes:
    if match["short"]:
        return _SHORT[match["short"][0]]
    if match["code"]:
        return chr(int(match["code"], 16)).encode("utf-8", "surrogatepass")
    high, low = int(match["high"], 16), int(match["low"], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).encode()


@lru_cache(maxsize=8)
def _json_decoded(haystack: bytes) -> bytes:
    return _JSON_ESCAPE.sub(_json_character, haystack)


@lru_cache(maxsize=8)
def _json_decoded_twice(haystack: bytes) -> bytes:
    return _json_decoded(_json_decoded(haystack))


@lru_cache(maxsize=8)
def _json_then_percent_decoded(haystack: bytes) -> bytes:
    return unquote_to_bytes(_json_decoded(haystack).replace(b"+", b" "))


@lru_cache(maxsize=8)
def _html_decoded(haystack: bytes) -> bytes:
    text = haystack.decode("utf-8", "surrogateescape")
    return html.unescape(text).encode("utf-8", "surrogatepass")


def _fold(haystack: bytes) -> bytes:
    return haystack.decode("utf-8", "replace").casefold().encode()


@lru_cache(maxsize=8)
def _case_folded(haystack: bytes) -> bytes:
    return _fold(_json_decoded(haystack))


@lru_cache(maxsize=8)
def _percent_decoded_case_folded(haystack: bytes) -> bytes:
    return _fold(unquote_to_bytes(_json_decoded(haystack)))


@lru_cache(maxsize=8)
def _lower(haystack: bytes) -> bytes:
    return haystack.lower()


_SEPARATORS = bytes(range(33)) + b"-./()_,:"


@lru_cache(maxsize=8)
def _regrouped(haystack: bytes) -> bytes:
    return _json_decoded(haystack).translate(None, _SEPARATORS)


# Needles: what to look for.


def _plain(value: str) -> Iterator[bytes]:
    yield value.encode("utf-8", "surrogatepass")


def _folded(value: str) -> Iterator[bytes]:
    yield value.casefold().encode("utf-8", "replace")


def _other_charsets(value: str) -> Iterator[bytes]:
    for encoding in ("latin-1", "utf-16-le", "utf-16-be"):
        try:
            needle = value.encode(encoding)
        except UnicodeEncodeError:
            continue
        if needle != value.encode("utf-8", "surrogatepass"):
            yield needle


def _base64(value: str) -> Iterator[bytes]:
    data = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        # Characters that also hold bits of the bytes before or after the value are cut off.
        start = (before * 8 + 5) // 6
        end = (before + len(data)) * 8 // 6
        part = encoded[start:end]
        if len(part) >= SHORTEST_BASE64:
            yield part
            yield part.translate(bytes.maketrans(b"+/", b"-_"))


def _hexadecimal(value: str) -> Iterator[bytes]:
    yield value.encode("utf-8", "surrogatepass").hex().encode()


def _reversed(value: str) -> Iterator[bytes]:
    backwards = value[::-1]
    if backwards != value:
        yield backwards.encode("utf-8", "surrogatepass")


def _repr(value: str) -> Iterator[bytes]:
    data = value.encode("utf-8", "surrogatepass")
    needles = {
        repr(value)[1:-1].encode("utf-8", "surrogatepass"),
        ascii(value)[1:-1].encode(),
        repr(data)[2:-1].encode(),
    }
    yield from needles - {data}


_UNFIT_FOR_FILES = re.compile(r"[^-\w.]")


def _file_names(value: str) -> Iterator[bytes]:
    # As Django's `get_valid_filename` writes it, and as Werkzeug's `secure_filename` does.
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    names = (value.strip().replace(" ", "_"), "_".join(ascii_only.replace("/", " ").split()))
    needles = {_UNFIT_FOR_FILES.sub("", name).strip("._") for name in names} - {value}
    yield from sorted(name.encode() for name in needles if len(name) >= SHORTEST_FILE_NAME)


def _squeezed(value: str) -> Iterator[bytes]:
    data = value.encode("utf-8", "surrogatepass")
    bare = data.translate(None, _SEPARATORS)
    if len(bare) >= SHORTEST_REGROUPED:
        yield bare


FORMS: tuple[Form, ...] = (
    Form(name="plain", where="anywhere", view=_as_is, needles=_plain),
    Form(
        name="percent-encoded",
        where="URLs and query strings",
        view=_percent_decoded,
        needles=_plain,
        beyond=("plain",),
    ),
    Form(
        name="percent-encoded twice",
        where="a URL as a parameter of another",
        view=_percent_decoded_twice,
        needles=_plain,
        beyond=("percent-encoded",),
    ),
    Form(
        name="form-encoded",
        where="form bodies and query strings, a space as '+'",
        view=_form_decoded,
        needles=_plain,
        beyond=("percent-encoded",),
    ),
    Form(
        name="JSON-escaped",
        where="JSON with \\uXXXX, \\n or \\/",
        view=_json_decoded,
        needles=_plain,
        beyond=("plain",),
    ),
    Form(
        name="JSON-escaped twice",
        where="JSON as a string inside JSON",
        view=_json_decoded_twice,
        needles=_plain,
        beyond=("JSON-escaped",),
    ),
    Form(
        name="percent-encoded in JSON",
        where="a URL in a JSON string with escapes",
        view=_json_then_percent_decoded,
        needles=_plain,
        beyond=("JSON-escaped", "form-encoded"),
    ),
    Form(
        name="base64",
        where="authentication headers, cookies, tokens; standard and URL-safe",
        view=_json_decoded,
        needles=_base64,
    ),
    Form(
        name="hexadecimal",
        where="dumps of bytes and of keys",
        view=_lower,
        needles=_hexadecimal,
    ),
    Form(
        name="HTML-escaped",
        where="templates and pages",
        view=_html_decoded,
        needles=_plain,
        beyond=("plain",),
    ),
    Form(
        name="case-folded",
        where="normalised e-mail addresses, header values",
        view=_case_folded,
        needles=_folded,
        beyond=("JSON-escaped",),
    ),
    Form(
        name="percent-encoded and case-folded",
        where="normalised URLs",
        view=_percent_decoded_case_folded,
        needles=_folded,
        beyond=("case-folded", "percent-encoded in JSON"),
    ),
    Form(name="reversed", where="codes of one's own", view=_json_decoded, needles=_reversed),
    Form(
        name="repr",
        where="Python's repr of text or bytes in messages",
        view=_as_is,
        needles=_repr,
    ),
    Form(
        name="repr in JSON",
        where="Python's repr of text or bytes, in a JSON string",
        view=_json_decoded,
        needles=_repr,
        beyond=("repr",),
    ),
    Form(
        name="file name",
        where="names under which Django and Werkzeug store an upload",
        view=_json_then_percent_decoded,
        needles=_file_names,
    ),
    Form(
        name="regrouped",
        where="numbers with their blanks, dashes or dots moved or left out",
        view=_regrouped,
        needles=_squeezed,
        beyond=("JSON-escaped",),
    ),
    Form(
        name="other charset",
        where="bytes in Latin-1 or UTF-16",
        view=_as_is,
        needles=_other_charsets,
    ),
)
"""The forms searched for, each a row with an example in the tests."""
