"""Traces: continuing an inbound one by its ids alone, and recording a sampled request.

Everything that touches how the SDK traces is here, so that the rest need not know.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Literal

import sentry_sdk
from sentry_sdk.profiler.continuous_profiler import is_profile_session_sampled
from sentry_sdk.scope import Scope, _current_scope, _isolation_scope
from sentry_sdk.tracing import BAGGAGE_HEADER_NAME, Transaction, _SpanRecorder
from sentry_sdk.tracing_utils import Baggage

from telemetry_core.context import bound_values
from telemetry_core.policy.rule import UNPARAMETERIZED

_SENTRY_TRACE: Final = re.compile(r"[ \t]*([0-9a-f]{32})-([0-9a-f]{16})(?:-([01]))?[ \t]*")


def begin_trace(scope: Scope, caller: str | None) -> None:
    """Give an isolation scope the trace of the caller, or a fresh one.

    Of what a caller sends only the ``sentry-trace`` header is read: trace id, span id and whether
    it was sampled (https://develop.sentry.dev/sdk/foundations/trace-propagation/). ``baggage`` may
    hold anything and is neither used nor handed on.
    """
    found = _SENTRY_TRACE.fullmatch(caller) if caller is not None else None
    if found is None:
        scope.set_new_propagation_context()
    else:
        scope.generate_propagation_context({"sentry-trace": found[0].strip()})


def write_no_baggage(is_ours: Callable[[], bool]) -> None:
    """Keep the SDK from writing a ``baggage`` header where a client of ours speaks.

    Hosts that the user lists get ``sentry-trace`` alone: trace id, span id and whether it is
    sampled. The SDK's own integrations would hand on what the visitor has sent, and to processes,
    queues and pages also where nothing is listed. Call it once in a process.
    """
    headers = Scope.iter_trace_propagation_headers
    serialize = Baggage.serialize

    def without_baggage(scope: Scope, *args: Any, **kwargs: Any) -> Iterator[tuple[str, str]]:
        for name, value in headers(scope, *args, **kwargs):
            if name != BAGGAGE_HEADER_NAME or not is_ours():
                yield name, value

    def serialized(baggage: Baggage, include_third_party: bool = False) -> str:
        if not is_ours():
            return serialize(baggage, include_third_party)
        return baggage.third_party_items if include_third_party else ""

    replacement: Any = without_baggage
    Scope.iter_trace_propagation_headers = replacement  # type: ignore[method-assign]
    Baggage.serialize = serialized  # type: ignore[assignment, method-assign]


def write_context_on_spans(is_ours: Callable[[], bool]) -> None:
    """Put what is bound where a span is started on it, also where an integration starts it.

    Streamed spans pass a hook and need none of this. Call it once in a process.
    """
    add = _SpanRecorder.add

    def add_with_context(recorder: _SpanRecorder, span: Any) -> None:
        add(recorder, span)
        values = bound_values()
        if values and is_ours():
            for name, value in values.items():
                span.set_data(name, value)

    replacement: Any = add_with_context
    _SpanRecorder.add = replacement  # type: ignore[method-assign]


def is_sampled_by(caller: str | None) -> bool | None:
    """Return the decision in a ``sentry-trace`` header; None when there is none in it."""
    found = _SENTRY_TRACE.fullmatch(caller) if caller is not None else None
    return None if found is None or found[3] is None else found[3] == "1"


def thrown(
    rate: float | None, caller_sampled: bool | None, *, dice: Callable[[], float] = random.random
) -> float | None:
    """Return what the dice say of a request that may be recorded; None for one that is not.

    :param rate: from 0.0 to 1.0, or None when a ``traces_sampler`` of the user's is to decide.
    :param caller_sampled: the caller's decision, which is honoured.
    """
    if rate is not None and (caller_sampled is False or (rate <= 0.0 and not caller_sampled)):
        return None
    # As the SDK writes it; to throw 0.9999999 and write 1.000000 would make it worthless.
    throw = int(dice() * 1_000_000) / 1_000_000
    return throw if rate is None or caller_sampled or throw < rate else None


Source = Literal["route", "task"]
"""What names a transaction: a request's route, or the job that it is."""

_KINDS: Final[dict[Source, tuple[str, str]]] = {
    "route": ("http.server", "auto.http.telemetry"),
    "task": ("task", "auto.task.telemetry"),
}
"""The operation and the origin of its transaction."""


def start_transaction(
    scope: Scope,
    *,
    rate: float | None,
    caller_sampled: bool | None,
    throw: float,
    source: Source = "route",
) -> Any:
    """Start recording the request, and return its transaction; None if it isn't sampled after all.

    :param scope: the request's isolation scope, with its trace.
    :param rate: as in `thrown`.
    :param caller_sampled: as in `thrown`.
    :param throw: what that returned.
    :param source: what it will be named by.
    """
    op, origin = _KINDS[source]
    options = sentry_sdk.get_client().options
    if _streams_spans(options):
        return _start_segment(op, origin)
    sampled: Any = None if rate is None else True  # the SDK takes None, whatever it declares
    trace: Any = scope.get_active_propagation_context()  # begin_trace gave it one
    baggage = Baggage({"sample_rand": f"{throw:.6f}"})
    transaction = Transaction(
        name=UNPARAMETERIZED,
        op=op,
        source=source,
        origin=origin,
        trace_id=trace.trace_id,
        parent_span_id=trace.parent_span_id,
        parent_sampled=caller_sampled,
        sampled=sampled,
        baggage=baggage,
    )
    is_decided = rate is not None and caller_sampled is None
    if is_decided and not _profiles(options):
        # All that the SDK would do for it, which costs ten times as much.
        transaction.init_span_recorder(options["_experiments"].get("max_spans") or _MAX_SPANS)
    else:
        started = sentry_sdk.start_transaction(transaction)
        if not started.sampled:
            return None
        if transaction._profile is not None:
            transaction._profile.__enter__()
    if is_decided:
        # Or the SDK would take the rate for 1; the server extrapolates by it.
        transaction.sample_rate = rate
        baggage.sentry_items["sample_rate"] = str(rate)
    sentry_sdk.get_current_scope().span = transaction
    return transaction


_MAX_SPANS: Final = 1000
"""As in the SDK."""

_PROFILING: Final = ("profiles_sample_rate", "profiles_sampler")


def _profiles(options: Mapping[str, Any]) -> bool:
    """Tell whether what is traced may be profiled in this process, or the SDK is to find out."""
    return (
        is_profile_session_sampled()
        or any(options.get(name) is not None for name in _PROFILING)
        or "profiles_sample_rate" in options["_experiments"]
    )


def _end_profiles(transaction: Transaction) -> None:
    """Stop what profiles a transaction, as the SDK does at the end of a block.

    What is left running would sample all threads for good.
    """
    profile, continuous = transaction._profile, transaction._continuous_profile
    if profile is not None:
        profile.__exit__(None, None, None)
    if continuous is not None:
        continuous.stop()


def _streams_spans(options: Mapping[str, Any]) -> bool:
    """Tell whether spans are sent one by one (``trace_lifecycle="stream"``), in newer SDKs."""
    return options.get("trace_lifecycle") == "stream"


def _start_segment(op: str, origin: str) -> Any:
    """Start the root of streamed spans; the SDK decides on it, from the trace that was begun."""
    from sentry_sdk import traces

    segment = traces.start_span(
        UNPARAMETERIZED,
        attributes={"sentry.op": op, "sentry.origin": origin},
        parent_span=None,
    )
    return segment if segment.sampled else None


class OperationSpan:
    """Records an operation that has begun. Never raises."""

    __slots__ = ("_span",)

    def __init__(self, name: object, *, op: str, data: Mapping[str, object]) -> None:
        self._span: Any = None
        with suppress(Exception):
            self._span = _start_span(op, str(name), data)

    def set(self, key: str, value: object) -> None:
        """Note something that is known by now."""
        if self._span is not None:
            with suppress(Exception):
                _set_data(self._span, key, value)

    def finish(self, *, failed: bool) -> None:
        """End the span."""
        if self._span is not None:
            with suppress(Exception):
                if failed:
                    _set_failed(self._span)
                self._span.__exit__(None, None, None)


class QuerySpan(OperationSpan):
    """Records a query to a database: a context manager. Never raises.

    :param statement: the statement with placeholders; the gate takes literals out of it. Its
        parameters are never asked for.
    :param system: the kind of database by OpenTelemetry's name, such as ``postgresql``.
    :param database: its name.
    :param runs: how often the statement is run, when that is more than once.
    """

    __slots__ = ()

    def __init__(
        self, statement: object, *, system: str, database: str, runs: int | None = None
    ) -> None:
        data: dict[str, Any] = {"db.system": system, "db.namespace": database}
        if runs is not None:
            data["db.operation.batch.size"] = runs
        super().__init__(statement, op="db", data=data)

    def __enter__(self) -> QuerySpan:
        return self

    def set_rows(self, count: object) -> None:
        """Note how many rows were found or changed, if the database says so."""
        if type(count) is int and count >= 0:
            self.set("db.response.returned_rows", count)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.finish(failed=kind is not None)


def is_recording() -> bool:
    """Tell whether spans that are started in this context are recorded."""
    scope = _current_scope.get()
    return scope is not None and scope._span is not None and scope._span.sampled is True


def trace_here() -> tuple[str | None, str | None]:
    """Return the ids of the trace and the span of this context, as an event's would be."""
    current = _current_scope.get()
    span: Any = current._span if current is not None else None
    if span is None:
        isolation = _isolation_scope.get()
        span = isolation._propagation_context if isolation is not None else None
    return (span.trace_id, span.span_id) if span is not None else (None, None)


def _start_span(op: str, name: str, data: Mapping[str, object]) -> Any:
    origin = f"auto.{op}.telemetry"
    if _streams_spans(sentry_sdk.get_client().options):
        from sentry_sdk import traces

        attributes: Any = {"sentry.op": op, "sentry.origin": origin, **data}
        started: Any = traces.start_span(name, attributes=attributes)
    else:
        started = sentry_sdk.start_span(op=op, name=name, origin=origin)
        for key, value in data.items():
            started.set_data(key, value)
    return started.__enter__()


def _set_data(span: Any, key: str, value: object) -> None:
    if hasattr(span, "set_data"):
        span.set_data(key, value)
    else:
        span.set_attribute(key, value)


def _set_failed(span: Any) -> None:
    if hasattr(span, "set_status"):
        span.set_status("internal_error")
    else:
        span.status = "error"


def finish_transaction(
    transaction: Any,
    *,
    route: str | None,
    method: str = "",
    status: int | None,
    source: Source = "route",
    failed: bool = False,
) -> None:
    """Name a transaction by its route, note how the request ended, and hand it to the SDK.

    :param status: of the response; a job, which has ``failed`` or not, has none.
    """
    transaction.name = route or UNPARAMETERIZED
    named_by = source if route else "url"
    failed = failed if status is None else status >= 500
    if isinstance(transaction, Transaction):
        transaction.source = named_by
        if status is not None:
            transaction.set_http_status(status)
        else:
            transaction.set_status("internal_error" if failed else "ok")
        if method:
            transaction.set_data("http.request.method", method)
        _end_profiles(transaction)
        transaction.finish()
        return
    transaction.set_attribute("sentry.segment.name.source", named_by)
    if method:
        transaction.set_attribute("http.request.method", method)
    if status is not None:
        transaction.set_attribute("http.response.status_code", status)
    transaction.status = "error" if failed else "ok"
    transaction.end()
