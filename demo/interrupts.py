"""Ctrl-C and SIGTERM, kept from coming between starting a process and taking charge of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_held = False
_came = False


def listen() -> None:
    """Turn the first SIGINT or SIGTERM into a KeyboardInterrupt, and ignore those after it.

    One is enough: what was started is then being stopped, and that must not be interrupted.
    """
    for number in SIGNALS:
        signal.signal(number, _on_signal)


@contextmanager
def hold() -> Iterator[None]:
    """Put off an interrupt until the end of the block."""
    global _held
    _held = True
    try:
        yield
    finally:
        _held = False
    if _came:
        raise KeyboardInterrupt


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    global _came
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _came = True
    if not _held:
        raise KeyboardInterrupt
