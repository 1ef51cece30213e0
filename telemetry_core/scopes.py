"""The SDK's scopes of one request: made when something is recorded, bound while it runs.

`sentry_sdk.isolation_scope` does the same at many times the cost, and raises where a block is left
in another context than it was entered in, as the body of a response can be. So this module, and no
other, works on the two context variables in which the SDK keeps its scopes.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from sentry_sdk.scope import Scope, ScopeType, _current_scope, _isolation_scope

from telemetry_core.trace import begin_trace

T = TypeVar("T")

Bound = tuple[Token[Any], Token[Any]]

_filling = threading.RLock()


class RequestScope(Scope):
    """An isolation scope that takes over what the process has set when somebody first looks at it.

    Most requests record nothing, so nobody does. Nothing that is set here gets out.

    :param caller: the request's ``sentry-trace`` header, whose trace it continues.
    """

    __slots__ = ("_caller", "_original")

    def __init__(self, client: Any, caller: str | None) -> None:
        # Neither super().__init__(), which sets what is to stay open, nor set_client(), which also
        # writes the client's environment to all the process's scopes.
        self.client = client
        self._caller = caller
        self._original = _isolation_scope.get()

    def __getattr__(self, name: str) -> Any:
        """Fill the scope: Python asks here only for what is not set yet."""
        if name not in Scope.__slots__:
            raise AttributeError(name)
        with _filling:
            if not _has(self, "_type"):
                original = self._original
                source = (
                    original.__copy__() if original is not None else Scope(ty=ScopeType.ISOLATION)
                )
                # What the server has logged of others' requests is no part of this one.
                source.clear_breadcrumbs()
                for slot in Scope.__slots__:
                    # What was set in between stays, and so does the client.
                    if slot != "_type" and not _has(self, slot) and _has(source, slot):
                        setattr(self, slot, getattr(source, slot))
                self._type = ScopeType.ISOLATION
                begin_trace(self, self._caller)
        return object.__getattribute__(self, name)


def _has(scope: Scope, slot: str) -> bool:
    try:
        object.__getattribute__(scope, slot)
    except AttributeError:
        return False
    return True


class Scopes:
    """The isolation scope of a request, and the current scope in it.

    The SDK makes the latter when somebody first asks for it.
    """

    __slots__ = ("_current", "isolation")

    def __init__(self, client: Any, caller: str | None) -> None:
        self.isolation = RequestScope(client, caller)
        self._current: Scope | None = None

    def bind(self) -> Bound:
        """Make these the scopes of this context; hand what is returned to `unbind`."""
        return _isolation_scope.set(self.isolation), _current_scope.set(self._current)

    def unbind(self, bound: Bound) -> None:
        """Bring back the scopes from before `bind`."""
        self._current = _current_scope.get()
        restore(_current_scope, bound[1])
        restore(_isolation_scope, bound[0])


def restore(variable: ContextVar[T | None], token: Token[T | None]) -> None:
    """Give a context variable the value from before; in another context, which had none, None."""
    try:
        variable.reset(token)
    except ValueError:
        # A streamed body can end in another context than it began in, as can a closed generator.
        variable.set(None)
