"""One request, from its beginning to its end: permission, session, scope, trace, error, outcome.

An adapter translates its framework's request into `RequestFacts` and calls `Request` at the right
moments; every decision about privacy is taken here. Nothing that a request may never need is made
before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING, Any

from sentry_sdk.integrations.dedupe import DedupeIntegration

from telemetry_core import session as sessions
from telemetry_core.consent import Permission, decide
from telemetry_core.failures import capture_exception
from telemetry_core.knowledge import Knowledge
from telemetry_core.policy.rule import UNPARAMETERIZED
from telemetry_core.scopes import (
    Bound,
    RequestScope,
    forget_session,
    inherited_request,
    request_inside,
)
from telemetry_core.trace import (
    Source,
    finish_transaction,
    is_sampled_by,
    start_transaction,
    thrown,
)
from telemetry_core.visitor import visitor_id

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.facts import KnownPair, RequestFacts
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.measures import Measures
    from telemetry_core.outcomes import Outcome


_Binding = tuple[Bound, Token[sessions.Bearer | None], "_Binding | None"]


def current_request() -> Request | None:
    """Return the request of this context, or None.

    It is also that in which this thread was started, and that around which the SDK's own
    integration stands.
    """
    bearer = sessions.current()
    if type(bearer) is Request:
        return bearer
    if bearer is None:
        return inherited_request()
    request = bearer.request
    return request if request is not None else inherited_request()


class Request:
    """Telemetry of one request.

    `enter` binds it to the current context and `leave` unbinds it; while a body is streamed, that
    happens for every piece. `finish` ends it. None of them raises because of telemetry.

    :param traced: whether it may be recorded and counted.
    :param session_id: that of the session it belongs to, if it was begun before.
    :param permission: what of it may leave, if that was decided before.
    :param source: ``task`` for a job, which is no visit and not counted.
    """

    __slots__ = (
        "_at_end",
        "_binding",
        "_config",
        "_continued",
        "_failed",
        "facts",
        "_finished",
        "_id",
        "_known",
        "_permission",
        "_scope",
        "_source",
        "_traced",
        "_transaction",
        "is_streamed",
        "reported",
        "status",
    )

    def __init__(
        self,
        config: TelemetryConfig,
        facts: RequestFacts,
        *,
        traced: bool = True,
        session_id: str | None = None,
        permission: Permission | None = None,
        source: Source = "route",
    ) -> None:
        self._config = config
        self.facts = facts
        self._id = session_id
        self._continued: sessions.Bearer | None = None
        self._source: Source = source
        self._traced = traced
        self._failed: Outcome = "exited"
        self.reported: list[BaseException] | None = None
        """What was reported in it, for `telemetry_core.reports`."""
        self.status: int | None = None
        """The status of the response, as soon as it is known."""
        self._transaction: Any = None
        self._finished = False
        self._at_end: Callable[[], object] | None = None
        self._known: Knowledge | None = None
        self._scope: RequestScope | None = None
        self._binding: _Binding | None = None
        self.is_streamed = False
        """Whether something of the response is made after the application has returned it."""
        self._permission = permission
        if permission is None and config.settings.consent is not None:
            self._ask_for_consent()

    @property
    def permission(self) -> Permission:
        """What of the request may leave. Decided once, before anything is recorded."""
        permission = self._permission
        return permission if permission is not None else self._decide()

    @property
    def measures(self) -> Measures | None:
        """Where its operations are counted, if they may be."""
        permission = self._permission
        if permission is None:
            permission = self._decide()
        return self._config.measures if permission is Permission.FULL else None

    @property
    def id(self) -> str | None:
        """The id of the session that begins and ends with the request, unless it has another."""
        if self._id is None:
            self._id = (
                sessions.random_session_id()
                if self._config.settings.session_scope == "request"
                else self._visitor_id()
            )
        return self._id

    @property
    def request(self) -> Request:
        """The request itself: it is bound as the session that it is, too."""
        return self

    @property
    def client(self) -> Any:
        """The client that speaks in this request: a silent one where nothing may leave."""
        return self._config.client_for(self.permission)

    @property
    def caller(self) -> str | None:
        """The ``sentry-trace`` header, whose trace the request continues."""
        try:
            return self.facts.header("sentry-trace")
        except Exception as error:
            self._config.drops.count("facts_error", "trace", error=error)
            return None

    def enter(self) -> None:
        """Bind the request to the current context: its scopes, its session, itself."""
        scope = self._scope
        is_first = scope is None
        if scope is None:
            scope = self._scope = RequestScope(self)
        self._binding = (scope.bind(), sessions.bind(self._continued or self), self._binding)
        if is_first and self._traced and self._config.traces:
            self._start_transaction(scope)

    def leave(self) -> None:
        """Unbind the request from the current context."""
        scope = self._scope
        if self._binding is None or scope is None:
            return
        scopes, token, self._binding = self._binding
        current = sessions.current()
        if current is not self and current is not None and current.request is self:
            # Of a session that the application has started.
            self._continued = current
        sessions.unbind(token)
        scope.unbind(scopes)
        if self._finished and not self.is_streamed and self._binding is None:
            # They hold each other, and would wait for the garbage collector.
            self._scope = None

    def finish(self) -> None:
        """End the request: name its transaction and hand it over. Only the first call counts."""
        if self._finished:
            return
        self._finished = True
        transaction, self._transaction = self._transaction, None
        try:
            self._count()
            if self._at_end is not None:
                self._at_end()
            if transaction is not None:
                finish_transaction(
                    transaction,
                    route=self.route(),
                    method=self.method,
                    status=self.status,
                    source=self._source,
                    failed=self._failed == "crashed",
                )
            if self.reported is not None:
                self.reported = None
                # Or the SDK would take the same object for reported in the next request, too.
                DedupeIntegration.reset_last_seen()
        except Exception as error:
            self._config.drops.count("trace_error", "transaction", error=error)

    def at_end(self, work: Callable[[], object]) -> None:
        """Do this when the request ends, on whatever thread that is. There is one such thing."""
        self._at_end = work

    def capture(self, error: BaseException, *, status: int | None = 500) -> None:
        """Report an exception that reached the framework.

        :param status: the status it leads to; None when the response has begun already.
        """
        if status is not None:
            self.status = status
        self._failed = "crashed"
        try:
            capture_exception(self._config, error, handled=False)
        except Exception as failure:
            self._config.drops.count("capture_error", "event", error=failure)

    @property
    def session_id(self) -> str | None:
        """The id to show as a reference code; None where the visitor may not be told apart.

        It is that of the session the application has started or continued meanwhile, if it has, and
        None in a thread that lives on when the request has ended.
        """
        if self.permission is not Permission.FULL:
            return None
        current = sessions.current()
        if current is not None and current.request is self:
            return current.id
        if self._finished and request_inside() is not self:
            return None
        return (self._continued or self).id

    @property
    def has_ended(self) -> bool:
        """Whether the response is complete. A thread may still work for the request."""
        return self._finished

    @property
    def config(self) -> TelemetryConfig:
        """The telemetry of the application that answers."""
        return self._config

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
        return self._known_of_visitor().pairs()

    def known(self) -> KnownValues | None:
        """Return `known_values` ready to be taken out of text; made anew only when they changed."""
        return self._known_of_visitor().values()

    def count_failure(self, what: str, error: Exception) -> None:
        """Count what an adapter could not do."""
        self._config.drops.count("adapter_error", what, error=error)

    def describe(self, event: dict[str, Any]) -> None:
        """Put the request's route, method and outcome on an event."""
        if self._failed == "exited" and event.get("level") in ("error", "fatal", None):
            self._failed = "errored"
        route = self.route()
        if route is not None or "transaction" not in event:
            event["transaction"] = route or UNPARAMETERIZED
            event["transaction_info"] = {"source": self._source if route else "url"}
        event["request"] = {**(event.get("request") or {}), "method": self.method}
        if self.status is not None:
            event.setdefault("contexts", {})["response"] = {"status_code": self.status}

    def _known_of_visitor(self) -> Knowledge:
        if self._known is None:
            self._known = Knowledge(self.facts, self._config)
        return self._known

    def _visitor_id(self) -> str:
        try:
            key = self.facts.visitor_key()
        except Exception as error:
            self._config.drops.count("facts_error", "visitor_key", error=error)
            key = None
        return visitor_id(*key) if key is not None else sessions.random_session_id()

    def _count(self) -> None:
        outcomes = self._config.outcomes
        if outcomes is None or not self._traced or self._source != "route":
            return
        permission = self._permission
        if permission is None:
            permission = self._decide()
        if permission is Permission.FULL:
            outcomes.count(self._failed)

    def _decide(self) -> Permission:
        config = self._config
        self._permission = permission = decide(config.settings, self.facts, config.drops)
        if permission is not Permission.FULL:
            forget_session()
        return permission

    def _ask_for_consent(self) -> None:
        # What the application's own callable logs or captures is of a request without consent.
        self._permission = Permission.NONE
        traced, self._traced = self._traced, False
        self.enter()
        try:
            self._decide()
        finally:
            self.leave()
            self._scope = None
            self._traced = traced

    def _start_transaction(self, scope: RequestScope) -> None:
        try:
            rate = self._config.traces_sample_rate
            caller_sampled = is_sampled_by(self.caller)
            throw = thrown(rate, caller_sampled)
            if throw is None or scope.is_recorded or self.permission is not Permission.FULL:
                return
            self._transaction = start_transaction(
                scope,
                rate=rate,
                caller_sampled=caller_sampled,
                throw=throw,
                source=self._source,
            )
        except Exception as error:
            self._config.drops.count("trace_error", "transaction", error=error)
