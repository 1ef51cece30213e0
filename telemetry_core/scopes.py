"""The SDK's scopes of one request: made when something is recorded, bound while it runs.

`sentry_sdk.isolation_scope` does the same at many times the cost, and raises where a block is left
in another context than it was entered in, as the body of a response can be. So this module, and no
other, works on the two context variables in which the SDK keeps its scopes.
"""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sentry_sdk.scope import Scope, ScopeType, _current_scope, _isolation_scope

from telemetry_core.consent import Permission
from telemetry_core.trace import begin_trace

if TYPE_CHECKING:
    from telemetry_core.request import Request

T = TypeVar("T")

Bound = tuple[Token[Any], Token[Any] | None]

_filling = threading.RLock()

_STARTED_IN_A_TRACE: Final = "SENTRY_TRACE" in os.environ
"""Whether the process was started as a part of a trace, as a job is."""

_SCOPES_AROUND: Final = ("wsgi", "asgi", "celery")
"""What the SDK's own integrations call the scopes that they make for requests and tasks."""

_BLANK: Final = Scope(ty=ScopeType.ISOLATION)
"""A copy is made in a quarter of the time that a new one takes."""

_TAKEN_OVER: Final = tuple(slot for slot in Scope.__slots__ if slot not in ("_type", "client"))
"""What a request's scope takes over from the process's: the client is the request's own."""


class RequestScope(Scope):
    """The isolation scope of a request, and the current scope in it.

    It takes over what the process has set when somebody first looks at it: most requests record
    nothing, so nobody does. Nothing that is set here gets out.

    :param request: the request, which goes along where the SDK hands copies to threads; None in an
        application's context outside requests.
    :param client: the client that speaks there. That of a request is asked for when it is needed.
    """

    __slots__ = ("_current", "_original", "request")

    def __init__(self, request: Request | None, client: Any = None) -> None:
        # Neither super().__init__(), which sets what is to stay open, nor set_client(), which also
        # writes the client's environment to all the process's scopes.
        self.request = request
        if request is None:
            self.client = client
        self._original = outer = _isolation_scope.get()
        if outer is not None and request is not None:
            _stand_inside(outer, request)
        current = _current_scope.get()
        # Where somebody else records this request, and what is done in it. Else the SDK makes the
        # current scope when somebody first asks for it.
        self._current = (
            current.__copy__() if current is not None and current._span is not None else None
        )
        if self._current is None and _STARTED_IN_A_TRACE:
            # A current scope that the SDK makes would be in that trace, and all requests with it.
            self._current = Scope(ty=ScopeType.CURRENT)
            self._current._propagation_context = None

    def __copy__(self) -> RequestScope:
        """Copy the scope, as the SDK does for a thread that is started in the request."""
        copied: Any = super().__copy__()
        copied.request = self.request
        return copied  # type: ignore[no-any-return]  # the SDK makes copies of the same class

    @property
    def is_recorded(self) -> bool:
        """Whether a transaction was begun around the request: by an integration of the SDK's."""
        return self._current is not None and self._current._span is not None

    def bind(self) -> Bound:
        """Make these the scopes of this context; hand what is returned to `unbind`."""
        current = self._current
        inner = (
            None
            if current is None and _current_scope.get() is None
            else _current_scope.set(current)
        )
        return _isolation_scope.set(self), inner

    def unbind(self, bound: Bound) -> None:
        """Bring back the scopes from before `bind`."""
        isolation, outer = bound
        self._current = current = _current_scope.get()
        if outer is not None:
            restore(_current_scope, outer)
        elif current is not None:
            _current_scope.set(None)
        restore(_isolation_scope, isolation)

    def start_session(self, *args: Any, **kwargs: Any) -> None:
        """Start one of the SDK's own sessions, where more than errors is permitted.

        They are sent later, when nobody can be asked any more.
        """
        if self.request is None or self.request.permission is Permission.FULL:
            super().start_session(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Fill the scope: Python asks here only for what is not set yet."""
        if name not in Scope.__slots__:
            raise AttributeError(name)
        request = self.request
        if name == "client":
            client: Any = request.client if request is not None else None
            self.client = client
            return client
        with _filling:
            # Asked past __getattr__, and without the exception that tells of an empty slot.
            held = super()
            if not hasattr(held, "_type"):
                original = self._original
                source = (original if original is not None else _BLANK).__copy__()
                # What the server has logged of others' requests is no part of this one.
                source.clear_breadcrumbs()
                for slot in _TAKEN_OVER:
                    # What was set in between stays.
                    if not hasattr(held, slot) and hasattr(source, slot):
                        setattr(self, slot, getattr(source, slot))
                self._type = ScopeType.ISOLATION
                begin_trace(self, request.caller if request is not None else None)
        return object.__getattribute__(self, name)


def _stand_inside(outer: Scope, request: Request) -> None:
    """Take the request over from an integration of the SDK's, if this is the scope of one."""
    if isinstance(outer, RequestScope) or outer._name not in _SCOPES_AROUND:
        return
    outer.add_event_processor(_Around(request))
    # Should the client around be another's, it gets nothing of what is done in our request.
    outer.client = request.client


class _Around:
    """Marks the scope around a request's own; an event processor that leaves events as they are.

    The SDK's own integrations stand around ours: they make a scope for each request and finish its
    transaction when ours has been left. What they capture then is of the request all the same.
    """

    __slots__ = ("request",)

    def __init__(self, request: Request) -> None:
        self.request = request

    def __call__(self, event: Any, _hint: Any) -> Any:
        return event


def _scope_around() -> Scope | None:
    """Return the scope that an integration of the SDK's has made for the request, or None."""
    scope: Scope | None = _isolation_scope.get()
    if scope is None or isinstance(scope, RequestScope) or scope._name not in _SCOPES_AROUND:
        return None
    return scope


def forget_session() -> None:
    """Keep an integration of the SDK's from counting the request that begins."""
    around = _scope_around()
    if around is not None:
        around._session = None


def request_inside() -> Request | None:
    """Return the request around which an integration of the SDK's stands in this context."""
    around = _scope_around()
    if around is not None:
        for processor in around._event_processors:
            if isinstance(processor, _Around):
                return processor.request
    return None


def inherited_request() -> Request | None:
    """Return the request whose scope this is, though it isn't entered, or None.

    So it is in a thread that was started in it, and in what stands around it.
    """
    scope = _isolation_scope.get()
    if isinstance(scope, RequestScope):
        return scope.request
    return request_inside() if scope is not None and scope._name in _SCOPES_AROUND else None


def restore(variable: ContextVar[T | None], token: Token[T | None]) -> None:
    """Give a context variable the value from before; in another context, which had none, None."""
    try:
        variable.reset(token)
    except ValueError:
        # A streamed body can end in another context than it began in, as can a closed generator.
        variable.set(None)
