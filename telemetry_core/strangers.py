"""Clients of the SDK that are not telemetry's: while it is on, they send through its gate, too.

A library's or an application's own ``sentry_sdk.init()``, and every client made by hand, would
otherwise send whatever it is handed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import sentry_sdk

from telemetry_core.transports import GatedSender, gated_object, gated_transport, is_gated

if TYPE_CHECKING:
    from telemetry_core.gate import Gate

# Where the SDK's clients look for what makes their transports.
_clients: Final[Any] = import_module("sentry_sdk.client")

_gates: Final[list[Gate]] = []
"""Those of the telemetry that is on, the process's own first."""


def gate_strangers(gate: Gate) -> None:
    """Put this gate before the transport of every client that is made from here on.

    Before that of the process's present client, too, which somebody may still hold. The first of
    several gates counts.
    """
    _gates.append(gate)
    if not hasattr(_clients.make_transport, "_original"):
        _stand_before_transports()
    client: Any = sentry_sdk.Scope.get_global_scope().client
    transport = getattr(client, "transport", None)
    if transport is not None and not is_gated(transport):
        client.transport = gated_object(transport, gate)


def release_strangers(gate: Gate) -> None:
    """Leave the clients that are made from here on alone; earlier ones keep their gate."""
    if gate in _gates:
        _gates.remove(gate)


def _stand_before_transports() -> None:
    """Change how the SDK makes transports, and the sender of its unfiltered copies."""
    # Imported late, as the SDK does it: it brings what it finds of Django along.
    spotlights: Any = import_module("sentry_sdk.spotlight")
    make_transport = _clients.make_transport
    setup_spotlight = spotlights.setup_spotlight

    def make_gated(options: dict[str, Any]) -> Any:
        given = options["transport"]
        if _gates and not is_gated(given):
            options = {**options, "transport": gated_transport(given, _gates[0])}
        return make_transport(options)

    def setup_gated(options: dict[str, Any]) -> Any:
        spotlight = setup_spotlight(options)
        return GatedSender(spotlight, _gates[0]) if spotlight and _gates else spotlight

    make_gated._original = make_transport  # type: ignore[attr-defined]  # marks it as changed
    _clients.make_transport = make_gated
    spotlights.setup_spotlight = setup_gated
