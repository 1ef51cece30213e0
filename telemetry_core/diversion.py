"""Where what has passed the gate goes while a test collects it: into memory, and nowhere else.

The part for users is `telemetry_core.testing`. A diversion replaces the transport of each client of
ours behind its gate, so whatever is kept is what would have left, hooks and options of the
application's included. It can't be switched on by a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from telemetry_core.environment import defaults_for
from telemetry_core.transports import gated_transport

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.gate import Gate
    from telemetry_core.settings import Settings

NOWHERE: Final = "https://00000000000000000000000000000000@telemetry.invalid/1"
"""A DSN for applications that have none in tests. RFC 6761: no such host can exist."""

Switch = Callable[[], AbstractContextManager[object]]


class Diversion:
    """The clients whose transports keep in place of sending.

    :param keep: takes the bytes of each envelope, and whether they have passed a gate, on the
        thread that captures.
    """

    def __init__(self, keep: Callable[[bytes, bool], None]) -> None:
        self._keep = keep
        self._diverted: list[tuple[Any, Any, bool]] = []
        self.provisional: TelemetryConfig | None = None
        """Telemetry that is on for lack of any other, and gives way to the application's own."""

    def divert(self, client: Any, gate: Gate | None) -> None:
        """Keep what this client would send, behind ``gate`` if the client has one."""
        if self.diverts(client):
            return
        keeping = _Keeping(lambda body: self._keep(body, gate is not None))
        transport = keeping if gate is None else gated_transport(keeping, gate)
        self._diverted.append((client, client.transport, client.options["debug"]))
        client.transport = transport
        # What the SDK prints of its doings would only stand in the way of a test's own output.
        client.options["debug"] = False

    def diverts(self, client: Any) -> bool:
        """Say whether what this client sends is kept."""
        return any(client is diverted for diverted, _, _ in self._diverted)

    def flush(self, timeout: float) -> None:
        """Keep what the clients have collected and not handed over yet: logs, metrics, counts."""
        for client, _, _ in self._diverted:
            if client.transport is not None:
                client.flush(timeout=timeout)

    @property
    def strangers(self) -> int:
        """How many clients speak here of which nothing is kept: 0, or 1 for the process's."""
        client = sentry_sdk.Scope.get_global_scope().client
        is_known = client is None or not client.is_active() or self.diverts(client)
        return 0 if is_known or client.transport is None else 1

    def end(self) -> None:
        """Give the clients that are still open their own transports back."""
        for client, transport, debug in self._diverted:
            client.options["debug"] = debug
            if client.transport is not None:
                client.transport = transport


class _Keeping(Transport):
    """A transport that serialises each envelope and hands the bytes over."""

    def __init__(self, keep: Callable[[bytes], None]) -> None:
        super().__init__()
        self._keep = keep

    def capture_envelope(self, envelope: Envelope) -> None:
        self._keep(envelope.serialize())


_current: Diversion | None = None

switches: Final[list[Switch]] = []
"""What the adapters do to switch on, while a diversion lasts, applications that are off."""


def diverted(client: Any, gate: Gate) -> None:
    """Divert a client that is made while a diversion lasts."""
    if _current is not None:
        _current.divert(client, gate)


def switched_on(settings: Settings) -> Settings:
    """Return settings that are on while a diversion lasts, and otherwise as they are.

    Those that were off leave nothing to chance: every request is traced, unless the settings name
    another rate.
    """
    if _current is None or settings.enabled:
        return settings
    is_default = (
        settings.traces_sample_rate == defaults_for(settings.environment).traces_sample_rate
    )
    return replace(
        settings,
        enabled=True,
        dsn=NOWHERE,
        debug=False,
        traces_sample_rate=1.0 if is_default else settings.traces_sample_rate,
        profiles_sample_rate=0.0,
    )


def gives_way(config: TelemetryConfig, settings: Settings) -> bool:
    """Say whether this telemetry is on only until somebody switches on telemetry of their own."""
    if _current is None:
        return False
    return _current.provisional is config or (
        config.settings.dsn == NOWHERE and settings.dsn != NOWHERE
    )


@contextmanager
def diverting(diversion: Diversion) -> Iterator[None]:
    """Make a diversion the current one; another one comes back afterwards."""
    global _current  # noqa: PLW0603  # one for all threads: they all send
    before, _current = _current, diversion
    try:
        yield
    finally:
        _current = before
        diversion.end()
