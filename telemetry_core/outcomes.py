"""Counts how requests end, for crash-free rates: by the minute, with no id of anybody.

https://develop.sentry.dev/sdk/telemetry/sessions/#session-aggregates-payload
"""

from __future__ import annotations

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

    __slots__ = ("_attributes", "_clock", "_flusher", "_minute", "_release", "_until")

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
        self._until = 0.0
        self._minute = datetime.fromtimestamp(0, UTC)

    def count(self, outcome: Outcome) -> None:
        """Count one request that ended now."""
        if not self._release:
            return
        now = self._clock()
        if not self._until - 60.0 <= now < self._until:
            minute = now - now % 60.0
            self._minute = datetime.fromtimestamp(minute, UTC)
            self._until = minute + 60.0
        self._flusher.add_session(
            CountedRequest(outcome, self._minute, self._release, self._attributes)
        )
