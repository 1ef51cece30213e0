"""A body's stream is what it was to whoever reads it, and remembers what was read."""

from __future__ import annotations

from collections.abc import Callable
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

import pytest

from telemetry_core.bodies import MAX_KEPT, ReadBody, follow_input, kept_of, latest_of

BODY = b"first line\nsecond line\nthird"


class Input:
    """What PEP 3333 asks of a server's stream, and no more."""

    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)
        self.read = self._body.read
        self.readline = self._body.readline
        self.readlines = self._body.readlines
        self.socket = "the server's own"

    def __iter__(self) -> Any:
        return iter(self._body)


def _into(stream: Any) -> bytes:
    buffer = bytearray(100)
    return bytes(buffer[: stream.readinto(buffer)])


WAYS: list[tuple[Callable[[Any], bytes], str]] = [
    (lambda stream: stream.read(), "at once"),
    (lambda stream: stream.read(6) + stream.read(-1), "in two"),
    (b"".join, "by its lines"),
    (lambda stream: b"".join(iter(stream.readline, b"")), "line by line"),
    (lambda stream: b"".join(stream.readlines()), "all lines"),
    (lambda stream: b"".join(iter(lambda: next(stream, b""), b"")), "with next()"),
    (lambda stream: stream.read1(100), "what is there"),
    (_into, "into a buffer"),
]


@pytest.mark.parametrize("read", [row[0] for row in WAYS], ids=[row[1] for row in WAYS])
def test_what_is_read_is_kept(read: Callable[[Any], bytes]) -> None:
    """In whatever way it is read, the reader gets the body and so does whoever asks later."""
    stream = ReadBody(BufferedReader(Raw(BODY)))
    assert kept_of(stream) == b""
    assert read(stream) == BODY
    assert kept_of(stream) == BODY


class Raw(RawIOBase):
    def __init__(self, body: bytes) -> None:
        self._body = BytesIO(body)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._body.readinto(buffer)


def test_what_is_not_read_is_not_kept() -> None:
    """Nothing is read for telemetry's sake."""
    inner = BytesIO(BODY)
    stream = ReadBody(inner)
    stream.readline()
    assert kept_of(stream) == b"first line\n"
    assert inner.tell() == len(b"first line\n")


def test_as_much_is_kept_as_is_looked_at() -> None:
    """A large upload goes through; the reader gets all of it."""
    stream = ReadBody(BytesIO(b"x" * (MAX_KEPT + 500)))
    read = b"".join(iter(lambda: stream.read(10_000), b""))
    assert (len(read), len(kept_of(stream))) == (MAX_KEPT + 500, MAX_KEPT)


def test_the_latest_piece_tells_whether_more_was_read() -> None:
    """It is what says that known values are to be gathered again."""
    stream = ReadBody(BytesIO(BODY))
    assert latest_of(stream) is None
    stream.readline()
    latest = latest_of(stream)
    assert latest_of(stream) is latest
    stream.readline()
    assert latest_of(stream) is not latest
    stream.read()
    latest = latest_of(stream)
    assert stream.read() == b""
    assert latest_of(stream) is latest


def test_it_has_what_the_stream_has_and_nothing_else() -> None:
    """Servers put more on their streams than the specification asks for, or less."""
    stream = ReadBody(Input(BODY))
    assert stream.socket == "the server's own"
    assert not hasattr(stream, "readinto")
    assert not hasattr(stream, "read1")


@pytest.mark.parametrize(
    ("headers", "is_followed", "why"),
    [
        ({}, False, "no body"),
        ({"CONTENT_LENGTH": ""}, False, "no body, as wsgiref says it"),
        ({"CONTENT_LENGTH": "28"}, True, "a body"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, True, "a body of unknown length"),
    ],
)
def test_a_request_without_a_body_is_left_alone(
    headers: dict[str, str], is_followed: bool, why: str
) -> None:
    """Most requests have none, and pay nothing."""
    environ: dict[str, Any] = {**headers, "wsgi.input": BytesIO(BODY)}
    follow_input(environ)
    assert isinstance(environ["wsgi.input"], ReadBody) is is_followed, why
