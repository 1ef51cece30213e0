"""Counts what was dropped, by reason and kind, and says so once in a while without content."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

LOGGER_NAME: Final = "telemetry_core"
"""The one logger of this package. Its records never become telemetry."""

_logger = logging.getLogger(LOGGER_NAME)

SECONDS_BETWEEN_LOGS: Final = 60.0


class Drops:
    """Counts of dropped items and fields. Safe to share between threads.

    Promises to hold nothing of what was dropped: only a reason from the code, the kind of item and
    the type of the exception, if there was one.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._logged_at: dict[tuple[str, str], float] = {}

    def count(
        self,
        reason: str,
        kind: str,
        *,
        quantity: int = 1,
        error: BaseException | None = None,
        detail: str = "",
    ) -> None:
        """Count ``quantity`` things of ``kind`` that were dropped for ``reason``. Never raises.

        :param detail: further words for the log, with no content in them.
        """
        key = (reason, kind)
        now = self._clock()
        with self._lock:
            self._counts[key] += quantity
            total = self._counts[key]
            last = self._logged_at.get(key)
            due = last is None or now - last >= SECONDS_BETWEEN_LOGS
            if due:
                self._logged_at[key] = now
        if due:
            cause = f" ({type(error).__name__})" if error is not None else ""
            level = logging.WARNING if error is not None else logging.INFO
            # A handler of the application's may raise anything; that is none of the caller's.
            with suppress(Exception):
                _logger.log(
                    level,
                    "dropped %s: %s%s, %d so far%s",
                    *(kind, reason, cause, total, detail and f"; {detail}"),
                )

    def counts(self) -> dict[tuple[str, str], int]:
        """Return what was dropped so far: ``{(reason, kind): quantity}``."""
        with self._lock:
            return dict(self._counts)

    def __repr__(self) -> str:
        return f"Drops({self.counts()!r})"
