"""Texts as they read once decoded, and the way back to where each character stood.

Personal values reach a message percent-encoded, as HTML entities, escaped by JSON or ``repr``,
in full-width digits, or with invisible characters inside. A view undoes one layer of all of these
at once and remembers the offsets, so that a value found in it is replaced where it really stands.
"""

from __future__ import annotations

import html
import re
import unicodedata
from binascii import a2b_base64
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from telemetry_core.filter.shape import SHORT_BASE64

MAX_LAYERS = 8
"""Layers of encoding that are undone; what is wrapped more often than this is not seen."""

# The characters that fold to others or to nothing: look-alikes of ASCII, and invisible ones.
_FOLDED = (
    "\u00a0\u00ad\u0300-\u036f\u061c\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2000-\u206f\u20dd\u2212\u2215\u2236\u2460-\u24ff"
    "\u3000\u3002\u3164\ufe00-\ufe0f\ufe10-\ufe19\ufe50-\ufe6f\ufeff\uff01-\uffef"
    "\U0001d400-\U0001d7ff\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
_ENCODED = re.compile(
    r"%(?:[0-7][0-9A-Fa-f]"
    r"|[CcDd][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]"
    r"|[Ee][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){2}"
    r"|[Ff][0-7](?:%[89ABab][0-9A-Fa-f]){3}"
    r"|[89A-Fa-f][0-9A-Fa-f])"
    r"|%u[0-9A-Fa-f]{4}"
    # One that is cut in two by something invisible is put together first.
    rf"|&(?:#[0-9]{{1,7}}+|#[xX][0-9A-Fa-f]{{1,6}}+|[A-Za-z][A-Za-z0-9]{{1,31}}(?=;))(?:;|(?![{_FOLDED}%\\]))"
    r"|\x1b\[[0-9;]{0,32}[A-Za-z]"  # a terminal's colours
    rf"|[{_FOLDED}]++"
)
_NUMBERED = re.compile(
    r"\\++u[Dd][89ABab][0-9A-Fa-f]{2}\\++u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
    r"|(?:\\++x[89A-Fa-f][0-9A-Fa-f]){2,}+"  # UTF-8 in the repr of bytes
    r"|\\++(?:u(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2})"
)
# Undone only when nothing else is left to undo: a Windows path looks escaped all over.
_ESCAPED = re.compile(r"\\++[\"'/nrtfvb0]")
_STEPS = (_ENCODED, _NUMBERED, _ESCAPED)
# Quoted-printable and the encoded words of headers (RFC 2045, RFC 2047). "a=40" is mostly no "@":
# undone only in a text with a broken line, an encoded word, two encoded octets side by side, or an
# "@" between letters.
PRINTED_HINT = (
    r"=(?:\?[A-Za-z0-9_-]{2,40}+\?[BbQq]\?|(?<=[^=]=)\r?\n(?=[^\r\n])|[0-9A-F]{2}=[0-9A-F]{2}"
    r"|(?<=[\w.]=)40(?=[A-Za-z]))"
)
hints_at_printed = re.compile(PRINTED_HINT).search
"""Find what hints at quoted-printable or at an encoded word."""
_PRINTED = re.compile(
    r"=\?[A-Za-z0-9_-]{2,40}+\?(?:[Bb]\?[A-Za-z0-9+/=]{1,1000}+|[Qq]\?[^?\s]{1,1000}+)\?="
    r"(?:\s{1,4}+(?==\?))?"
    r"|(?:=[0-9A-F]{2})++|(?:=\r?\n)++"
)
_WHITE = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "b": " ", "0": " "}
# Dots and dashes that NFKC leaves alone, though people and domain names use them as ASCII's.
_PUNCTUATION = {
    "\u3002": ".", "\uff61": ".", "\u2024": ".", "\u2027": ".", "\u2044": "/", "\u2215": "/",
    "\u2236": ":", "\u2212": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2028": "\n", "\u2029": "\n",
}  # fmt: skip


@lru_cache(maxsize=8192)
def _fold(char: str) -> str:
    if char in _PUNCTUATION:
        return _PUNCTUATION[char]
    category = unicodedata.category(char)
    if category in ("Cf", "Mn") or char in "\u115f\u1160\u3164":
        return ""
    if category == "Pd" and char not in "\u2014\u2015":
        return "-"
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return unicodedata.normalize("NFKC", char)


def _control(entity: str) -> str:
    digits = entity[2:].rstrip(";")
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    return chr(code) if code < 0x80 else ""


def _decode(encoded: str) -> str:
    first = encoded[0]
    if first in _WORD_CHARACTERS:
        return _decode_word(encoded)
    if first == "\x1b":
        return " "
    if first == "=":
        return _decode_printed(encoded)
    if first == "%":
        if encoded[1] == "u":
            return chr(int(encoded[2:], 16))
        return _text_of(bytes.fromhex(encoded.replace("%", "")))
    if first == "&":
        # HTML has no control characters, and what writes entities may have.
        return html.unescape(encoded) or _control(encoded)
    escape = encoded.lstrip("\\")
    slashes = len(encoded) - len(escape)
    # Of three backslashes two are one that stood before the escape; at deeper levels of six, four.
    before = "\\" if slashes > 1 and (slashes % 2 or slashes % 3 == 0) else ""
    if "\\" in escape and escape[0] == "x":
        return before + _text_of(bytes.fromhex(re.sub(r"[\\x]+", "", escape)))
    if "\\" in escape:  # a surrogate pair
        return (
            "".join(chr(int(unit.strip("u"), 16)) for unit in re.split(r"\\+", escape))
            .encode("utf-16", "surrogatepass")
            .decode("utf-16")
        )
    if escape[0] in "uUx" and len(escape) > 1:
        code = int(escape[1:].strip("{}"), 16)
        return before + chr(code) if code < 0x110000 else encoded
    return _WHITE.get(escape, escape)


def _text_of(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


@lru_cache(maxsize=1024)
def _decode_printed(encoded: str) -> str:
    if encoded[1] != "?":
        return _text_of(bytes.fromhex(re.sub(r"[=\s]", "", encoded)))
    _, _, kind, written, _ = encoded.split("?")
    if kind in "Qq":
        written = written.replace("_", " ")
        return re.sub("(?:=[0-9A-Fa-f]{2})+", lambda octets: _decode_printed(octets[0]), written)
    try:
        return _text_of(_octets_of_base64(written))
    except ValueError:
        return encoded


# Words that may be base64, in either alphabet, or hexadecimal digits. A slash may be a path's.
_WORDS = (
    re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}"),
    re.compile(r"(?<![A-Za-z0-9+_-])[A-Za-z0-9+_-]{16,}+={0,2}"),
)
_SHORT_WORDS = re.compile(rf"(?<![A-Za-z0-9+/_-]){SHORT_BASE64}")
_WORD_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def _decode_word(word: str) -> str:
    """Return the text that a word is the base64 or the hexadecimal digits of, else the word.

    What is neither, a name or a digest, practically never decodes to printable characters alone.
    """
    for octets_of in (bytes.fromhex, _octets_of_base64):
        try:
            text = octets_of(word).decode()
        except ValueError:
            continue
        if text.translate(_BLANKS).isprintable():
            return text
    return word


def _octets_of_base64(word: str) -> bytes:
    # In half the time of base64.urlsafe_b64decode.
    word = word.rstrip("=").replace("-", "+").replace("_", "/")
    return a2b_base64(word + "=" * (-len(word) % 4))


_BLANKS = str.maketrans("\t\n\r", "   ")


@dataclass(frozen=True, slots=True)
class View:
    """A text with one more layer of encoding undone than the view or text it came from."""

    text: str
    """The decoded text."""
    unescaped: bool
    """Whether backslash escapes were undone, too: Windows paths can't be read any more."""
    _decoded: list[int]
    _stretches: list[tuple[int, int, int]]
    _inner: View | None

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original text the characters ``start`` to ``end`` stood.

        ``start`` must be less than ``end``. An encoded character counts as a whole.
        """
        first = self._stretches[bisect_right(self._decoded, start) - 1]
        last = self._stretches[bisect_right(self._decoded, end - 1) - 1]
        source_start = first[1] if first[2] else first[1] + start - first[0]
        source_end = last[2] if last[2] else last[1] + end - last[0]
        if self._inner is None:
            return source_start, source_end
        return self._inner.source_span(source_start, source_end)


def _undo(pattern: re.Pattern[str], text: str, inner: View | None) -> View | None:
    pieces: list[str] = []
    decoded: list[int] = []
    # (start in the decoded text, start in the source, end in the source or 0 when copied as is)
    stretches: list[tuple[int, int, int]] = []
    length = position = 0
    changed = False
    for match in pattern.finditer(text):
        start, end = match.span()
        encoded = match.group()
        if encoded > "\x7f":
            folded = [_fold(char) for char in encoded]
            plain = "".join(folded)
            parts = [(plain, 0)] if len(plain) == end - start else [(c, 1) for c in folded]
        else:
            plain = _decode(encoded)
            parts = [(plain, end - start)]
        if plain == encoded:
            continue
        changed = True
        if start > position:
            decoded.append(length)
            stretches.append((length, position, 0))
            pieces.append(text[position:start])
            length += start - position
        position = start
        for part, width in parts:
            # Characters that fold one to one keep their offsets; others are as wide as they were.
            position += width or len(part)
            if part:
                decoded.append(length)
                stretches.append(
                    (length, position - (width or len(part)), position if width else 0)
                )
                pieces.append(part)
                length += len(part)
        position = end
    if not changed:
        return None
    decoded.append(length)
    stretches.append((length, position, 0))
    pieces.append(text[position:])
    unescaped = pattern is _ESCAPED or (inner is not None and inner.unescaped)
    return View("".join(pieces), unescaped, decoded, stretches, inner)


def views_of(text: str, inner: View | None = None) -> Iterator[View]:
    """Yield the views of a text, one layer of encoding undone after the other.

    Yields nothing for a text with nothing to decode. Each layer is as long as the one before at
    most (save for the few characters that fold to several), so all take linear time.

    :param inner: the view that ``text`` is of, if it is of one.
    """
    for _ in range(MAX_LAYERS):
        current = text if inner is None else inner.text
        steps = (_PRINTED, *_STEPS) if hints_at_printed(current) is not None else _STEPS
        view = next(filter(None, (_undo(step, current, inner) for step in steps)), None)
        if view is None:
            return
        yield view
        inner = view


def spaced_view(view: View) -> View:
    """Return a view in which ``+`` is a space, as HTML forms write it.

    Only for texts that are percent-encoded elsewhere: in others a ``+`` is a plus.
    """
    return View(view.text.replace("+", " "), view.unescaped, [0], [(0, 0, 0)], view)


def written_view(text: str, inner: View | None, *, short: bool = False) -> View | None:
    """Return a view in which words of base64 or hexadecimal digits read as the texts they are of.

    None where there are none: of 16 characters at least that decode to printable text, or of 8 that
    are the base64 of ASCII.

    :param inner: the view that ``text`` is of, if it is of one.
    :param short: whether to look for short words, where there are no long ones.
    """
    # Without a slash both find the same.
    words = _WORDS if "/" in text else _WORDS[:1]
    if short:
        words = (*words, _SHORT_WORDS)
    return next(filter(None, (_undo(word, text, inner) for word in words)), None)


_LOOK_ALIKE = re.compile(f"[{_FOLDED}]").match
_FOLDABLE = re.compile(r"[\s+]++|\\++|[^\x00-\x7f]")


def _look_alike(char: str) -> str:
    return _fold(char) if _LOOK_ALIKE(char) else char


def fold_view(text: str) -> View:
    """Return a view of a text in which case and white space are folded.

    Its text is in the form of ``str.casefold``, look-alikes of ASCII made ASCII, with one space for
    each run of white space or of ``+``, which forms write for a space; backslashes, which every
    escape doubles, are left out. The offsets stay right where folding makes characters more (a
    sharp s becomes "ss").
    """
    pieces: list[str] = []
    decoded: list[int] = []
    stretches: list[tuple[int, int, int]] = []
    length = position = 0
    for match in _FOLDABLE.finditer(text):
        start, end = match.span()
        found = match.group()
        if found[0] == "\\":
            folded = ""
        else:
            blank = found[0] == "+" or found[0].isspace()
            folded = " " if blank else _look_alike(found).casefold()
        if len(folded) == end - start and folded == _same_length(found):
            continue
        if start > position:
            decoded.append(length)
            stretches.append((length, position, 0))
            pieces.append(_same_length(text[position:start]))
            length += start - position
        if folded:
            decoded.append(length)
            stretches.append((length, start, end))
            pieces.append(folded)
            length += len(folded)
        position = end
    decoded.append(length)
    stretches.append((length, position, 0))
    pieces.append(_same_length(text[position:]))
    return View("".join(pieces), False, decoded, stretches, None)


def _same_length(text: str) -> str:
    return re.sub(r"[\s+]", " ", text.casefold())
