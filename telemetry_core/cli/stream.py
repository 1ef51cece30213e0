"""Bytes to lines and back: in any encoding, as they come, and none of them held back."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

Read = Callable[[], bytes]
"""Returns the next bytes as soon as there are any; none at the end."""

MAX_LINE: Final = 1_000_000
"""Bytes of a line that is read; a longer one is dropped whole, for half a value can't be found."""

_MARKS: Final = (
    # Longest first: that of UTF-32 begins like that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE: Final = 512


def detect_encoding(beginning: bytes) -> str | None:
    """Return the encoding of a text that isn't a superset of ASCII, told by how it begins.

    By its byte order mark (https://www.unicode.org/faq/utf_bom.html), else by the zeros that
    UTF-16 has beside each ASCII character. None means that lines end in a byte of their own.
    """
    for mark, name in _MARKS:
        if beginning.startswith(mark):
            return name
    sample = beginning[:_SAMPLE]
    even, odd = sample[::2], sample[1::2]
    if len(sample) >= 4:
        if even.count(0) * 2 > len(even) and not odd.count(0):
            return "utf-16-be"
        if odd.count(0) * 2 > len(odd) and not even.count(0):
            return "utf-16-le"
    return None


class RawLine(NamedTuple):
    """A line as it was read, and how to write one in its place."""

    text: str
    end: str
    """``\\n`` or ``\\r\\n``; empty for a last line without one."""
    encoding: str
    is_complete: bool = True
    """False when the line was too long to be read; then the text is empty."""

    def encoded(self, text: str) -> bytes:
        """Return another text as this line. Characters that its encoding lacks become ``?``."""
        return f"{text}{self.end}".encode(self.encoding, "replace")


class Lines:
    """The lines of a stream of bytes.

    :param encoding: of the whole stream; None finds it out: UTF-16 and UTF-32 by `detect_encoding`,
        else each line for itself is UTF-8 or, where it isn't, kept byte for byte as Latin-1.
    :raises LookupError: when there is no such encoding.
    """

    def __init__(self, read: Read, encoding: str | None = None) -> None:
        self._read = read
        self._encoding = codecs.lookup(encoding).name if encoding is not None else None

    def __iter__(self) -> Iterator[list[RawLine]]:
        """Yield all lines that have come to their end, as soon as they have."""
        pending: list[bytes] = []
        size = 0
        is_dropping = False
        for chunk in self._chunks():
            *complete, last = chunk.split(b"\n")
            size += len(complete[0] if complete else last)
            if size > MAX_LINE:
                pending, is_dropping = [], True
            if not complete:
                if not is_dropping:
                    pending.append(last)
                continue
            complete[0] = b"" if is_dropping else b"".join((*pending, complete[0]))
            lines = [self._line(line, "\n") for line in complete]
            if is_dropping:
                lines[0] = lines[0]._replace(is_complete=False)
            yield lines
            pending, size, is_dropping = [last], len(last), False
        if size:
            yield [self._line(b"".join(pending), "")._replace(is_complete=not is_dropping)]

    def _line(self, line: bytes, end: str) -> RawLine:
        if end and line.endswith(b"\r"):
            line, end = line[:-1], "\r\n"
        try:
            return RawLine(line.decode("utf-8", "strict"), end, self._encoding or "utf-8")
        except UnicodeDecodeError:
            return RawLine(line.decode("latin-1"), end, self._encoding or "latin-1")

    def _chunks(self) -> Iterator[bytes]:
        chunk = self._read()
        if self._encoding is None:
            self._encoding = detect_encoding(chunk)
        if self._encoding is None:
            while chunk:
                yield chunk
                chunk = self._read()
            return
        decoder = codecs.getincrementaldecoder(self._encoding)("replace")
        while chunk:
            # As UTF-8, so that lines end in a byte of their own.
            yield _as_utf8(decoder.decode(chunk))
            chunk = self._read()
        yield _as_utf8(decoder.decode(b"", final=True))


def _as_utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
