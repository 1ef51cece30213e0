"""The body of a request, of which what the application reads is known by the values in it.

Some applications read the stream themselves (``json.load(request)``), and their framework keeps
nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

MAX_KEPT: Final = 256_000
"""Bytes of a body that are kept, and looked through for values."""


class ReadBody:
    """A stream that keeps the first `MAX_KEPT` bytes that are read from it.

    Reads nothing by itself, and is the stream in everything else (PEP 3333, "Input and Error
    Streams"; `io.RawIOBase`). What it keeps goes with the request.
    """

    __slots__ = ("_inner", "_pieces", "_room")

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._pieces: list[bytes] = []
        self._room = MAX_KEPT

    @property
    def kept(self) -> bytes:
        """What was read so far, as far as it is kept."""
        return b"".join(self._pieces)

    @property
    def latest(self) -> bytes | None:
        """The piece that was kept last."""
        return self._pieces[-1] if self._pieces else None

    def read(self, *args: Any, **kwargs: Any) -> Any:
        """Read from the stream."""
        return self._noted(self._inner.read(*args, **kwargs))

    def readline(self, *args: Any, **kwargs: Any) -> Any:
        """Read a line from the stream."""
        return self._noted(self._inner.readline(*args, **kwargs))

    def readlines(self, *args: Any, **kwargs: Any) -> Any:
        """Read lines from the stream."""
        lines = self._inner.readlines(*args, **kwargs)
        for line in lines:
            self._noted(line)
        return lines

    def __iter__(self) -> Iterator[Any]:
        for line in self._inner:
            yield self._noted(line)

    def __next__(self) -> Any:
        return self._noted(next(self._inner))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("read1", "readall"):
            return lambda *args: self._noted(found(*args))
        if name in ("readinto", "readinto1"):
            return self._reading_into(found)
        return found

    def _reading_into(self, read: Callable[[Any], int | None]) -> Callable[[Any], int | None]:
        def reading(buffer: Any) -> int | None:
            length = read(buffer)
            if length and self._room > 0:
                self._noted(bytes(memoryview(buffer).cast("B")[:length]))
            return length

        return reading

    def _noted(self, data: Any) -> Any:
        if self._room > 0 and data.__class__ is bytes and data:
            piece = data if len(data) <= self._room else data[: self._room]
            self._pieces.append(piece)
            self._room -= len(piece)
        return data


def follow_input(environ: dict[str, Any]) -> None:
    """Keep what is read of the body of a WSGI request, if it has one."""
    if environ.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" in environ:
        environ["wsgi.input"] = ReadBody(environ["wsgi.input"])


def kept_of(stream: object) -> bytes:
    """Return what is kept of a body, if the stream is one that keeps it."""
    return stream.kept if isinstance(stream, ReadBody) else b""


def latest_of(stream: object) -> bytes | None:
    """Return what is another object when more is kept of a body than before."""
    return stream.latest if isinstance(stream, ReadBody) else None
