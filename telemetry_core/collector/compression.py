"""The content encodings that Sentry's SDKs use, undone within a limit."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from typing import Any

from telemetry_core.errors import TelemetryError

CHUNK = 64 * 1024


class BadBody(TelemetryError, ValueError):
    """The body can't be decompressed; ``status`` is the HTTP status to answer with."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


def decompress(body: bytes, encoding: str, *, limit: int) -> bytes:
    """Undo ``Content-Encoding: encoding``, several of them in the order HTTP gives them.

    Never builds more than ``limit`` bytes (and one chunk), so that a few kilobytes which unpack
    to gigabytes do no harm. Raises BadBody when the encoding is unknown (415), the bytes are
    damaged or cut short (400) or the result is too long (413).
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    for name in reversed(names):
        if name in ("", "identity"):
            continue
        if name not in DECODERS:
            raise BadBody(
                f"Content-Encoding should be one of {', '.join(sorted(DECODERS))}, "
                f"got {name[:20]!r}.",
                status=415,
            )
        body = DECODERS[name](body, limit)
    return body


def _zlib(body: bytes, limit: int, wbits: int, name: str) -> bytes:
    output = bytearray()
    rest = body
    # A gzip body may be several members in a row (RFC 1952, section 2.2).
    while rest:
        stream = zlib.decompressobj(wbits)
        try:
            output += stream.decompress(rest, max(1, limit + 1 - len(output)))
        except zlib.error as error:
            raise BadBody(f"The body should be {name}, and is not.", status=400) from error
        _check_length(len(output), limit)
        if not stream.eof:
            raise BadBody(f"The {name} body is cut short.", status=400)
        rest = stream.unused_data
    return bytes(output)


def _gzip(body: bytes, limit: int) -> bytes:
    return _zlib(body, limit, 16 + zlib.MAX_WBITS, "gzip")


def _deflate(body: bytes, limit: int) -> bytes:
    try:
        return _zlib(body, limit, zlib.MAX_WBITS, "deflate")
    except BadBody as error:
        if error.status != 400:
            raise
    # RFC 9110 section 8.4.1.2: some senders leave out the zlib wrapper.
    return _zlib(body, limit, -zlib.MAX_WBITS, "deflate")


def _brotli(body: bytes, limit: int) -> bytes:
    brotli = _brotli_module()
    if brotli is None:
        raise BadBody(
            "Content-Encoding is 'br', and no brotli module is installed here; "
            "install 'brotli', or let the sender use gzip.",
            status=415,
        )
    stream = brotli.Decompressor()
    advance: Callable[[bytes], bytes] = getattr(stream, "process", None) or stream.decompress
    output = bytearray()
    try:
        # In small pieces: not every version can limit what one call puts out.
        for start in range(0, len(body), 256):
            output += advance(body[start : start + 256])
            _check_length(len(output), limit)
    except brotli.error as error:
        raise BadBody("The body should be brotli, and is not.", status=400) from error
    if not stream.is_finished():
        raise BadBody("The brotli body is cut short.", status=400)
    return bytes(output)


def _brotli_module() -> Any | None:
    # sentry-sdk compresses with the same optional module, so where it sends 'br' it is there.
    for name in ("brotli", "brotlicffi"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _check_length(length: int, limit: int) -> None:
    if length > limit:
        raise BadBody(f"The body should be at most {limit} bytes when unpacked.", status=413)


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}
