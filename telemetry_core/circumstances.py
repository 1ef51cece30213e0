"""In what request and session an envelope is handed over, and what of it may leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry_core.consent import Permission
from telemetry_core.request import current_request
from telemetry_core.session import get_session_manager

if TYPE_CHECKING:
    from telemetry_core.facts import KnownPair

_ADMITTED: Final = {
    Permission.FULL: frozenset(
        ("event", "transaction", "feedback", "check_in", "profile", "attachment")
    ),
    Permission.ANONYMOUS: frozenset(("event",)),
    Permission.NONE: frozenset[str](),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the gate must know of the moment at which an envelope was handed over."""

    admitted: frozenset[str]
    """The item types that may leave."""
    session_id: str | None = None
    known: tuple[KnownPair, ...] = ()
    route: str | None = None


def circumstances() -> Circumstances:
    """Return what holds at this moment in this context."""
    request = current_request()
    if request is None:
        return Circumstances(
            admitted=_ADMITTED[Permission.FULL],
            session_id=get_session_manager().session_id,
        )
    return Circumstances(
        admitted=_ADMITTED[request.permission],
        session_id=request.session_id,
        known=request.known_values(),
        route=request.route(),
    )
