"""One request, from its beginning to its end: permission, session, scope, trace, error, outcome.

An adapter translates its framework's request into `RequestFacts` and calls `Request` at the right
moments; every decision about privacy is taken here. Nothing that a request may never need is made
before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar, Token
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import sentry_sdk
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.utils import event_from_exception

from telemetry_core import session as sessions
from telemetry_core.consent import Permission, decide
from telemetry_core.scopes import (
    Bound,
    Scopes,
    forget_session,
    inherited_request,
    request_inside,
    restore,
)
from telemetry_core.session import Session
from telemetry_core.trace import (
    UNNAMED,
    finish_transaction,
    is_sampled_by,
    start_transaction,
)
from telemetry_core.values import Secret
from telemetry_core.visitor import visitor_id

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.outcomes import Outcome

OWN_PACKAGES: Final = ("telemetry_core", "telemetry_django", "telemetry_flask")

KnownPair = tuple[str, str]
"""A value known from the request, and the token that takes its place."""


class RequestFacts(Protocol):
    """What an adapter can tell of its request. Each is asked for only when it is needed.

    Nothing may be read for telemetry's sake that the application has not read: no body, no stream,
    no lazy user or session.
    """

    @property
    def request(self) -> Any:
        """The framework's own request object, for the consent callable."""

    @property
    def method(self) -> str:
        """``GET``, ``POST``, ..."""
        raise NotImplementedError

    def header(self, name: str) -> str | None:
        """The value of a request header by its usual name, or None."""

    def route(self) -> str | None:
        """The pattern that matched, such as ``/orders/<int:id>/``, or None."""

    def visitor_values(self) -> Iterable[str]:
        """What the visitor sent: query, form, JSON, cookies, headers, path arguments.

        What the application has marked is a `Secret`.
        """
        raise NotImplementedError

    def user_values(self) -> Iterable[str]:
        """Who is logged in: user name, e-mail, full name."""
        raise NotImplementedError

    def visitor_key(self) -> tuple[str, str] | None:
        """The framework's session key of this visitor, and the application's secret, or None.

        Asked for only with ``TELEMETRY_SESSION_SCOPE = "visitor"``.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the gate must know of the moment at which an envelope was handed over."""

    admitted: frozenset[str]
    """The item types that may leave."""
    session_id: str | None = None
    known: tuple[KnownPair, ...] = ()
    route: str | None = None


_ADMITTED: Final = {
    Permission.FULL: frozenset(
        ("event", "transaction", "feedback", "check_in", "profile", "attachment")
    ),
    Permission.ANONYMOUS: frozenset(("event",)),
    Permission.NONE: frozenset[str](),
}

_MARK: Final = "_telemetry_reported"
"""The attribute of an exception that was reported in a request."""

_current: ContextVar[Request | None] = ContextVar("telemetry_request", default=None)

_Binding = tuple[Bound, Token[Session | None], Token["Request | None"], "_Binding | None"]


def current_request() -> Request | None:
    """Return the request of this context, or None.

    It is also that in which this thread was started, and that around which the SDK's own
    integration stands.
    """
    return _current.get() or inherited_request()


def circumstances() -> Circumstances:
    """Return what holds at this moment in this context."""
    request = current_request()
    if request is None:
        return Circumstances(
            admitted=_ADMITTED[Permission.FULL],
            session_id=sessions.get_session_manager().session_id,
        )
    return Circumstances(
        admitted=_ADMITTED[request.permission],
        session_id=request.session_id,
        known=request.known_values(),
        route=request.route(),
    )


class Request:
    """Telemetry of one request.

    `enter` binds it to the current context and `leave` unbinds it; while a body is streamed, that
    happens for every piece. `finish` ends it. None of them raises because of telemetry.
    """

    __slots__ = (
        "_binding",
        "_config",
        "_counted",
        "_failed",
        "facts",
        "_finished",
        "_is_recorded",
        "_known",
        "_reported",
        "_scopes",
        "_session",
        "_source",
        "_status",
        "_transaction",
        "permission",
    )

    def __init__(
        self,
        config: TelemetryConfig,
        facts: RequestFacts,
        *,
        traced: bool = True,
        session: Session | None = None,
        source: Literal["route", "task"] = "route",
    ) -> None:
        self._config = config
        self._source = source
        self.facts = facts
        self._session = session or self._new_session()
        self._failed: Outcome = "exited"
        self._reported: list[BaseException] = []
        self._status: int | None = None
        self._transaction: Any = None
        self._finished = False
        self._known: tuple[tuple[KnownPair, ...], KnownValues | None] | None = None
        self._scopes: Scopes | None = None
        self._binding: _Binding | None = None
        self._counted = traced
        self._is_recorded = False
        self.permission = Permission.NONE
        self.permission = self._decided()
        if self.permission is not Permission.FULL:
            forget_session()
        self._is_recorded = traced and config.traces and self.permission is Permission.FULL

    def enter(self) -> None:
        """Bind the request to the current context: its scopes, its session, itself."""
        scopes = self._scopes
        caller = None
        if scopes is None:
            caller = self._caller()
            client = self._config.client_for(self.permission)
            scopes = self._scopes = Scopes(client, caller, self)
        self._binding = (
            scopes.bind(),
            sessions.bind(self._session),
            _current.set(self),
            self._binding,
        )
        if self._is_recorded:
            self._is_recorded = False
            if not scopes.are_recorded:
                self._start_transaction(scopes, caller)

    def leave(self) -> None:
        """Unbind the request from the current context."""
        if self._binding is not None and self._scopes is not None:
            scopes, session, current, self._binding = self._binding
            if _current.get() is self:
                self._session = sessions.current() or self._session
            restore(_current, current)
            sessions.unbind(session)
            self._scopes.unbind(scopes)

    def finish(self) -> None:
        """End the request: name its transaction and hand it over. Only the first call counts."""
        if self._finished:
            return
        self._finished = True
        transaction, self._transaction = self._transaction, None
        try:
            self._count()
            if transaction is not None:
                finish_transaction(
                    transaction, route=self.route(), method=self.method, status=self._status
                )
            if self._reported:
                self._reported.clear()
                # Or the SDK would take the same object for reported in the next request, too.
                DedupeIntegration.reset_last_seen()
        except Exception as error:
            self._config.drops.count("trace_error", "transaction", error=error)

    def capture(self, error: BaseException, *, status: int | None = 500) -> None:
        """Report an exception that reached the framework.

        :param status: the status it leads to; None when the response has begun already.
        """
        if status is not None:
            self._status = status
        self._failed = "crashed"
        try:
            capture_exception(self._config, error, handled=False)
        except Exception as failure:
            self._config.drops.count("capture_error", "event", error=failure)

    def set_status(self, status: int) -> None:
        """Note the status of the response."""
        self._status = status

    @property
    def session_id(self) -> str | None:
        """The id to show as a reference code; None where the visitor may not be told apart.

        It is that of the session the application has started or continued meanwhile, if it has, and
        None in a thread that lives on when the request has ended.
        """
        if self.permission is not Permission.FULL:
            return None
        if _current.get() is self:
            return sessions.get_session_manager().session_id
        return None if self._finished and request_inside() is not self else self._session.id

    @property
    def has_ended(self) -> bool:
        """Whether the response is complete. A thread may still work for the request."""
        return self._finished

    @property
    def is_traced(self) -> bool:
        """Whether a transaction is being recorded: the request is sampled and has not ended."""
        return self._transaction is not None

    @property
    def method(self) -> str:
        """The request's method; empty when it can't be told."""
        try:
            return self.facts.method
        except Exception as error:
            self._config.drops.count("facts_error", "method", error=error)
            return ""

    def route(self) -> str | None:
        """The pattern that matched. Never the raw path."""
        try:
            return self.facts.route()
        except Exception as error:
            self._config.drops.count("facts_error", "route", error=error)
            return None

    def known_values(self) -> tuple[KnownPair, ...]:
        """What is known of the visitor by now; gathered anew, as a view may have read more."""
        pairs: list[KnownPair] = []
        secrets: list[KnownPair] = []
        for token, gather in (
            ("[USER]", self.facts.user_values),
            ("[INPUT]", self.facts.visitor_values),
        ):
            try:
                for value in gather():
                    if isinstance(value, Secret):
                        secrets.append((value, "[SECRET]"))
                    else:
                        pairs.append((value, token))
            except Exception as error:
                self._config.drops.count("facts_error", "known_values", error=error)
        # Of two tokens for a value the first counts.
        return (*secrets, *pairs)

    def known(self) -> KnownValues | None:
        """Return `known_values` ready to be taken out of text; made anew only when they changed."""
        pairs = self.known_values()
        if self._known is None or self._known[0] != pairs:
            self._known = (pairs, self._config.filter.policy.known(pairs))
        return self._known[1]

    def is_repeated(self, error: BaseException) -> bool:
        """Tell whether this exception was reported in this request before, and remember it.

        So was one that is raised at the same place again, where the first is being handled: Flask
        calls the functions that have just failed once more for the error's response.
        """
        if any(reported is error or _is_again(error, reported) for reported in self._reported):
            return True
        self._reported.append(error)
        with suppress(Exception):
            error.__dict__[_MARK] = True
        return False

    def count_failure(self, what: str, error: Exception) -> None:
        """Count what an adapter could not do."""
        self._config.drops.count("adapter_error", what, error=error)

    def describe(self, event: dict[str, Any]) -> None:
        """Put the request's route, method and outcome on an event."""
        if self._failed == "exited" and event.get("level") in ("error", "fatal", None):
            self._failed = "errored"
        route = self.route()
        if route is not None or "transaction" not in event:
            event["transaction"] = route or UNNAMED
            event["transaction_info"] = {"source": self._source if route else "url"}
        event["request"] = {**(event.get("request") or {}), "method": self.method}
        if self._status is not None:
            event.setdefault("contexts", {})["response"] = {"status_code": self._status}

    def _new_session(self) -> Session:
        if self._config.settings.session_scope == "request":
            return Session()
        return Session(self._visitor_id)

    def _visitor_id(self) -> str:
        try:
            key = self.facts.visitor_key()
        except Exception as error:
            self._config.drops.count("facts_error", "visitor_key", error=error)
            key = None
        return visitor_id(*key) if key is not None else sessions.random_session_id()

    def _count(self) -> None:
        outcomes = self._config.outcomes
        if outcomes is not None and self._counted and self.permission is Permission.FULL:
            outcomes.count(self._failed)

    def _decided(self) -> Permission:
        config = self._config
        if config.settings.consent is None:
            return decide(config.settings, self.facts, config.drops)
        # What the application's own callable logs or captures is of a request without consent.
        self.enter()
        try:
            return decide(config.settings, self.facts, config.drops)
        finally:
            self.leave()
            self._scopes = None

    def _caller(self) -> str | None:
        try:
            return self.facts.header("sentry-trace")
        except Exception as error:
            self._config.drops.count("facts_error", "trace", error=error)
            return None

    def _start_transaction(self, scopes: Scopes, caller: str | None) -> None:
        try:
            self._transaction = start_transaction(
                scopes.isolation,
                rate=self._config.traces_sample_rate,
                caller_sampled=is_sampled_by(caller),
            )
        except Exception as error:
            self._config.drops.count("trace_error", "transaction", error=error)


def is_repeated(error: BaseException) -> bool:
    """Tell whether an exception was reported before, and remember it in its request.

    Outside requests it counts in which it was reported: a server logs what broke off its response.
    """
    request = current_request()
    if request is not None and not request.has_ended:
        return request.is_repeated(error)
    return _MARK in error.__dict__


def _is_again(error: BaseException, reported: BaseException) -> bool:
    if type(error) is not type(reported) or _place(error) != _place(reported):
        return False
    context = error.__context__
    seen: set[int] = set()
    while context is not None and id(context) not in seen:
        if context is reported:
            return True
        seen.add(id(context))
        context = context.__context__
    return False


def _place(error: BaseException) -> tuple[CodeType, int] | None:
    """Return where an exception was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return (traceback.tb_frame.f_code, traceback.tb_lineno) if traceback is not None else None


def report(
    config: TelemetryConfig,
    facts: RequestFacts,
    error: BaseException,
    *,
    session_id: str | None = None,
) -> None:
    """Report an exception of a request: of the current one, or of one that is not entered.

    The latter is what middleware in front of ours raises.

    :param session_id: the request's session if it was entered before.
    """
    request = current_request()
    if request is not None:
        request.capture(error)
        return
    if session_id is not None and _MARK in error.__dict__:
        # On its way out through the middleware in front.
        return
    session = Session(lambda: session_id) if session_id is not None else None
    request = Request(config, facts, traced=False, session=session)
    request.enter()
    try:
        request.capture(error)
    finally:
        request.leave()


def capture_exception(
    config: TelemetryConfig, error: BaseException, *, handled: bool
) -> str | None:
    """Report an exception with the current scopes; return the event's id, or None."""
    client = sentry_sdk.get_client()
    event, hint = event_from_exception(
        (type(error), error, without_own_frames(error.__traceback__)),
        client_options=client.options if client.is_active() else config.client_options,
        mechanism={"type": "telemetry", "handled": handled},
    )
    return sentry_sdk.get_current_scope().capture_event(event, hint=hint)


def is_failure(error: BaseException) -> bool:
    """Tell whether what ended a request is an error, and not how processes and generators end."""
    if isinstance(error, SystemExit):
        return error.code not in (None, 0)
    return not isinstance(error, GeneratorExit | KeyboardInterrupt)


def without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is not of this package's."""
    while traceback is not None and traceback.tb_next is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in OWN_PACKAGES:
            break
        traceback = traceback.tb_next
    return traceback
