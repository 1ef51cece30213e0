"""Counts how requests end, for crash-free rates: by the minute, with no id of anybody.

https://develop.sentry.dev/sdk/telemetry/sessions/#session-aggregates-payload
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Literal

Outcome = Literal["exited", "errored", "crashed"]
"""Went well; had an error that was handled; had one that was not."""

_STATUS: Final = {"exited": ("exited", 0), "errored": ("ok", 1), "crashed": ("crashed", 1)}


class CountedRequest:
    """One request, in the form in which the SDK's aggregator asks for a session.

    The SDK's own ``Session`` draws an id and reads the clock twice, of which a count has no use.
    """

    __slots__ = ("_attributes", "errors", "release", "status", "truncated_started")

    session_mode: Final = "request"

    def __init__(
        self, outcome: Outcome, minute: datetime, release: str, attributes: dict[str, str]
    ) -> None:
        self.status, self.errors = _STATUS[outcome]
        self.truncated_started = minute
        self.release = release
        self._attributes = attributes

    def get_json_attrs(self, with_user_info: bool = False) -> dict[str, str]:  # noqa: ARG002  # the SDK's form
        """Return the release and the environment; there is no user info to leave out."""
        return self._attributes


class Outcomes:
    """Hands the outcome of each request to the SDK's aggregator, which sends them every minute.

    Needs a release, as the protocol does: without one nothing is counted. Not a promise to lose
    none: a process that is killed takes its last minute along.
    """

    __slots__ = (
        "_attributes",
        "_clock",
        "_flusher",
        "_from",
        "_lock",
        "_minute",
        "_pending",
        "_release",
        "_until",
    )

    def __init__(
        self,
        client: Any,
        *,
        release: str | None,
        environment: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._flusher = client.session_flusher
        self._release = release or ""
        self._attributes = {"release": self._release, "environment": environment}
        self._clock = clock
        self._from = self._until = 0.0
        self._minute = datetime.fromtimestamp(0, UTC)
        self._lock = threading.Lock()
        self._pending: tuple[object, dict[str, Any]] = (None, {})

    def count(self, outcome: Outcome) -> None:
        """Count one request that ended now."""
        if not self._release:
            return
        now = self._clock()
        if self._from <= now < self._until:
            pending, state = self._pending
            # What the aggregator would come to by a longer way. There is no call in these lines, so
            # no other thread comes between them.
            if pending is self._flusher.pending_aggregates and outcome in state:
                state[outcome] += 1
                return
        with self._lock:
            self._count(outcome, now)

    def _count(self, outcome: Outcome, now: float) -> None:
        if not self._from <= now < self._until:
            self._from = now - now % 60.0
            self._until = self._from + 60.0
            self._minute = datetime.fromtimestamp(self._from, UTC)
        self._flusher.add_session(
            CountedRequest(outcome, self._minute, self._release, self._attributes)
        )
        self._pending = self._found()

    def _found(self) -> tuple[object, dict[str, Any]]:
        """Return what waits in the aggregator to be sent, and this minute's part of it."""
        pending = getattr(self._flusher, "pending_aggregates", {})
        state = pending.get(tuple(sorted(self._attributes.items())), {}).get(self._minute)
        return (pending, state) if state is not None else (None, {})
