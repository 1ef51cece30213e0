"""Ctrl-C and SIGTERM, kept from coming between starting a process and taking charge of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns the first SIGINT or SIGTERM into a KeyboardInterrupt, and ignores those after it.

    One is enough: what was started is then being stopped, and that must not be interrupted.
    """

    def __init__(self) -> None:
        self._held = False
        self._came = False

    def listen(self) -> None:
        """Take over both signals."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Put off an interrupt until the end of the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            raise KeyboardInterrupt

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._came = True
        if not self._held:
            raise KeyboardInterrupt
