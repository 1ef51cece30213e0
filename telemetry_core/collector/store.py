"""What a collector has received, kept in memory and, if asked, in a folder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from telemetry_core.collector.envelope import Envelope, Item
from telemetry_core.errors import TelemetryError

T = TypeVar("T")

MOST_REQUESTS = 10_000
MOST_BYTES = 128 * 1024 * 1024
"""What a store keeps when nothing else is said."""


class CollectorError(TelemetryError):
    """The collector can't do what was asked; the sentence says what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came in."""

    number: int
    """1 for the first request, and so on."""
    at: datetime
    """When it was complete, in UTC."""
    request_line: str
    """Method and target. A key in the query string is replaced by ``[Filtered]``."""
    headers: tuple[tuple[str, str], ...]
    """The request's headers. Keys in the authentication header are ``[Filtered]``."""
    body: bytes
    """The body, decompressed; as it came when it could not be decompressed."""
    envelope: Envelope | None
    """``None`` when the body is no envelope; ``problem`` then says why."""
    problem: str = ""

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of the envelope; none when there is no envelope."""
        return self.envelope.items if self.envelope else ()

    @property
    def wire(self) -> bytes:
        """Everything that this request told the collector: request line, headers and body."""
        lines = [self.request_line, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    @property
    def size(self) -> int:
        """How many bytes of the store's bound it takes: the body, and the payloads once more."""
        return (
            len(self.body)
            + sum(len(item.payload) for item in self.items)
            + sum(len(name) + len(value) for name, value in self.headers)
        )


class Store:
    """Holds the newest requests, bounded by count and by bytes. Safe to use from many threads.

    When a bound is reached the oldest go first, and are counted in ``forgotten``. A single
    request longer than ``max_bytes`` is still kept, alone, until the next one comes.

    With ``folder``, each body is also written to a file of its own, which is never deleted.
    Raises CollectorError when the folder can't be made.
    """

    def __init__(
        self,
        *,
        max_count: int = MOST_REQUESTS,
        max_bytes: int = MOST_BYTES,
        folder: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if max_count < 1 or max_bytes < 1:
            raise CollectorError("A store should hold at least one request and one byte.")
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._folder = folder
        self._clock = clock
        self._kept: deque[Received] = deque()
        self._bytes = 0
        self._last = 0
        self.forgotten = 0
        """How many requests were given up to stay within the bounds since the last clear."""
        self.changes = 0
        """How often something has come in or was forgotten, since the start."""
        self.unwritten = 0
        """How many bodies could not be written to the folder."""
        self._changed = threading.Condition()
        if folder is not None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise CollectorError(
                    f"The folder to keep envelopes in should be one that can be written to, "
                    f"got {str(folder)!r} ({error.strerror})."
                ) from error

    def add(
        self,
        *,
        request_line: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        envelope: Envelope | None,
        problem: str = "",
    ) -> Received:
        """Keep one request and wake whoever waits in ``wait_for``."""
        with self._changed:
            self._last += 1
            self.changes += 1
            received = Received(
                number=self._last,
                at=self._clock(),
                request_line=request_line,
                headers=tuple(headers),
                body=body,
                envelope=envelope,
                problem=problem,
            )
            self._kept.append(received)
            self._bytes += received.size
            while len(self._kept) > self._max_count or (
                self._bytes > self._max_bytes and len(self._kept) > 1
            ):
                self._bytes -= self._kept.popleft().size
                self.forgotten += 1
            self._changed.notify_all()
        self._write(received)
        return received

    def __iter__(self) -> Iterator[Received]:
        """Iterate over what is kept at this moment, oldest first."""
        with self._changed:
            return iter(tuple(self._kept))

    def __len__(self) -> int:
        with self._changed:
            return len(self._kept)

    def get(self, number: int) -> Received | None:
        """Return the request with this number, or ``None`` when it is not kept (any more)."""
        return next((received for received in self if received.number == number), None)

    def clear(self) -> None:
        """Forget everything in memory. Files in the folder stay; numbers go on."""
        with self._changed:
            self._kept.clear()
            self._bytes = 0
            self.forgotten = 0
            self.changes += 1
            self._changed.notify_all()

    def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:
        """Wait until ``predicate()`` is true, and return what it returned last.

        It is asked at once, and again after each request that comes in. After ``timeout``
        seconds its last, false, value is returned, as `threading.Condition.wait_for` does.
        """
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def _write(self, received: Received) -> None:
        if self._folder is None:
            return
        suffix = "malformed" if received.problem else "envelope"
        name = f"{received.at:%Y%m%dT%H%M%S%f}-{received.number:06}.{suffix}"
        path = self._folder / name
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_bytes(received.body)
        except OSError:
            # A full disk must not keep the sender waiting or lose what is in memory.
            self.unwritten += 1
