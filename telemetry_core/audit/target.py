"""What is audited, as a driver hands it over: how to call it, and which routes it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Final, Protocol

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.loopback import Address
from telemetry_core.errors import TelemetryError

FAULT: Final = "telemetry.audit.fault"
"""The key of a WSGI environ, or of an ASGI scope, that asks for an error in the view."""


class AuditError(TelemetryError):
    """The audit can't be made; the sentence says why, and what to do about it."""


class NotStarted(AuditError):
    """The application can't be loaded; says which error its code raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user may say of a run."""

    database: str = "rollback"
    """``rollback``: the application's own, in a transaction; ``test``: an empty one, made anew."""
    database_is_mine: bool = False
    """Whether changes to the database may stay."""
    session: Mapping[str, str] = field(default_factory=dict)
    """What the visitor's session holds besides values that were planted."""
    paths: Sequence[str] = ()
    """Where to begin, for a callable whose routes can't be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: a path that leads to it, and what its code reads."""

    pattern: str
    """As the framework has it: ``/orders/<int:id>/``."""
    path: str
    """A path that matches, its arguments made of canaries where they can be. Not yet quoted."""
    methods: Sequence[str] = ("GET", "POST")
    fields: Sequence[str] = ()
    """Names that the view may look for in queries, forms and JSON."""
    file: str = ""
    """Where the view is written, and in which line."""
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An application, ready to be called in this process."""

    framework: str
    application: Any
    """A WSGI or ASGI callable."""
    is_asgi: bool = False
    routes: Sequence[Route] = ()
    cookies: Mapping[str, str] = field(default_factory=dict)
    """Those of a visitor who is logged in."""
    headers: Mapping[str, str] = field(default_factory=dict)
    makes_faults: bool = False
    """Whether a view fails when the environ or scope holds `FAULT`."""
    crawls: bool = False
    """Whether further routes are to be found by following links."""
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    """What each call is made in, so that none spoils the next."""
    notes: Callable[[], Sequence[str]] = list
    """Tells at the end what was changed or left out, one sentence each."""


class Driver(Protocol):
    """What an adapter's module ``audit`` offers."""

    prepare: Callable[[str, Options], Sequence[Address]]
    """Called before anything of the application is imported; says where it must get through to."""
    open_target: Callable[[str, Options, Canaries], AbstractContextManager[Target]]
    """Loads the application, and undoes on leaving what the audit has changed.

    :raises AuditError: when it can't be undone.
    """


DRIVERS: Final[Mapping[str, str]] = {
    "django": "telemetry_django.audit",
    "flask": "telemetry_flask.audit",
    "wsgi": "telemetry_core.audit.plain",
    "asgi": "telemetry_core.audit.plain",
}

FEWEST_LETTERS, MOST_LETTERS = 1, 40
MOST_FIELDS: Final = 40


def names_in(code: CodeType) -> list[str]:
    """Return the words in a function that may be names of fields: ``request.form["email"]``.

    Those of functions and classes inside it, too. In the order of the code, each once.
    """
    found: dict[str, None] = {}
    todo: list[Any] = [code]
    while todo:
        constant = todo.pop(0)
        match constant:
            case CodeType():
                # The documentation of a function is its first constant, and no name.
                todo.extend(constant.co_consts)
            case str() if FEWEST_LETTERS <= len(constant) <= MOST_LETTERS:
                if constant.replace("-", "_").isidentifier() and constant.isascii():
                    found[constant] = None
            case tuple() | frozenset():
                todo.extend(constant)
            case _:
                continue
    return list(found)[:MOST_FIELDS]
