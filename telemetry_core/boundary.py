"""Error boundaries: operations with a name, whose failures are reported once and measured always.

::

    with error_boundary("export", category="file_io"):
        write(rows)

    @error_boundary("ask-rates", category="network", fallback=None)
    async def ask_rates(): ...
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType
from typing import Any, Final

from telemetry_core.blocks import Block
from telemetry_core.context import bind, bound_by, current_bound, rebind, unbind
from telemetry_core.measures import Kind, Tally
from telemetry_core.operations import CATEGORIES, OTHER, Outcome, Run
from telemetry_core.process import telemetry_config_of
from telemetry_core.reports import remember, was_reported
from telemetry_core.request import Request, current_request
from telemetry_core.trace import OperationSpan, is_recording

# Whoever raises these means an end, and no error of the operation.
_PASSING: tuple[type[BaseException], ...] = (StopAsyncIteration, StopIteration)


def let_pass(*kinds: type[BaseException]) -> None:
    """Name exceptions that are no failure in any boundary, such as a framework's 404."""
    global _PASSING  # noqa: PLW0603  # one list for the process, made at start-up
    _PASSING = (*_PASSING, *(kind for kind in kinds if kind not in _PASSING))


class _Raise:
    def __repr__(self) -> str:
        return "RAISE"


RAISE: Final = _Raise()
"""In place of a fallback: what goes wrong is raised on."""


def error_boundary(
    operation: str,
    *,
    category: str | None = None,
    fallback: object = RAISE,
    passes: type[BaseException] | tuple[type[BaseException], ...] = (),
) -> Boundary:
    """Name an operation; report what goes wrong in it once, and measure each run.

    A context manager for ``with`` and ``async with``, and a decorator of functions, coroutines,
    generators and asynchronous generators. One object can be used again, also at the same time.

    What is reported is an error event with operation, category, duration and outcome, behind the
    gate as all are. The exception is raised on, unless there is a fallback. Of nested boundaries
    the inner one reports, and tells in which others it stands; nobody reports the same exception a
    second time, no handler, hook or logger either. Of an exception group what was reported before,
    or passes, is left out.

    ``KeyboardInterrupt``, ``SystemExit``, ``asyncio.CancelledError``, ``GeneratorExit`` and all
    else that is no `Exception` is never reported nor hidden.

    Each run is counted and timed (see `telemetry_core.measures`), and is a span where a sampled
    request or another transaction is recorded. Never raises of its own accord. Does nothing but
    bind its name when telemetry is off.

    :param operation: its name; it is sent, so name the operation and not its subject.
    :param category: a word for its kind: ``file_io``, ``database``, ``network``, ``media`` or one
        of your own. Errors of the first four get their mere code: ``ENOSPC``, ``503``, ``40001``.
    :param fallback: returned by a decorated function in place of what went wrong; in a ``with``
        statement the block ends and the program goes on behind it.
    :param passes: exceptions that are no failure: raised on and not reported, whatever the
        fallback.
    """
    if passes or fallback is not RAISE:
        kinds = passes if isinstance(passes, tuple) else (passes,)
        return Boundary(operation, category, fallback, kinds)
    made = _made.get(operation)
    if made is None or made.category != category:
        made = Boundary(operation, category, RAISE, ())
        if len(_made) >= MAX_MADE:
            _made.clear()
        _made[operation] = made
    return made


MAX_MADE: Final = 1_000
"""Boundaries that are kept to be used again; their names are code, so there are few."""

_made: Final[dict[str, Boundary]] = {}


class Boundary(Block[Run]):
    """What `error_boundary` returns."""

    __slots__ = (
        "_has_fallback",
        "_passes",
        "_succeeded",
        "_tallies",
        "category",
        "described",
        "operation",
        "values",
    )

    def __init__(
        self,
        operation: str,
        category: str | None,
        fallback: object,
        passes: tuple[type[BaseException], ...],
    ) -> None:
        super().__init__(fallback)
        self.operation = operation
        self.category = category
        self.described = CATEGORIES.get(category or "", OTHER)
        values: dict[str, object] = {"operation": operation}
        if category is not None:
            values["category"] = category
        self.values: Mapping[str, object] = values
        self._has_fallback = fallback is not RAISE
        self._passes = passes
        self._tallies: dict[str, Tally] = {}
        self._succeeded: Tally | None = None

    # What follows happens each time, nearly always with no error: in few calls, on purpose.

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if error is None:
            run: Any = current_bound()
            if run is not None and run.block is self:
                self._succeed(run)
                return False
        return super().__exit__(kind, error, traceback)

    def _begin(self) -> Run:
        run = Run()
        run.block = self
        run.outer = current_bound()
        run.is_over = False
        run.outcome = None
        run.span = None
        bind(run)
        if is_recording():
            run.span = OperationSpan(self.operation, op=self.described.op, data=self.values)
        run.started = perf_counter()
        return run

    def _resume(self, begun: Run) -> None:
        rebind(begun)

    def _pause(self, begun: Run) -> None:
        unbind(begun)

    def _end(self, begun: Run | None, error: BaseException | None) -> BaseException | None:
        if begun is None:
            found: Any = bound_by(self)  # a boundary makes nothing but runs
            begun = found
        if error is None:
            if begun is not None:
                self._succeed(begun)
            return None
        outcome, failed, left = self._judged(error)
        if failed is not None:
            if begun is not None:
                begun.outcome = outcome
            self._report(error, failed)
        # One ended in another context than it was begun in is not known here.
        if begun is not None:
            seconds = perf_counter() - begun.started
            if begun.span is not None:
                begun.span.finish(failed=failed is not None)
            unbind(begun)
            self._measure(outcome, seconds)
        return left

    def _succeed(self, begun: Run) -> None:
        seconds = perf_counter() - begun.started
        if begun.span is not None:
            begun.span.finish(failed=False)
        outer = begun.outer
        if current_bound() is begun and (outer is None or not outer.is_over):
            bind(outer)
        else:
            unbind(begun)
        # As `_measure` does: a call less.
        request = current_request()
        measures = telemetry_config_of(None).measures if request is None else request.measures
        tally = self._succeeded
        if tally is not None and tally.measures is measures:
            tally.add(seconds)
        else:
            self._measure("ok", seconds)

    def _judged(
        self, error: BaseException
    ) -> tuple[Outcome, BaseException | None, BaseException | None]:
        """Return the outcome, what of an exception has failed, and what is to be raised on."""
        passing: BaseException | None
        failed: BaseException | None
        if isinstance(error, BaseExceptionGroup):
            # Of methods it will not hear.
            passing, failed = error.split(lambda part: self._lets_pass(part))  # noqa: PLW0108
        else:
            passing, failed = (error, None) if self._lets_pass(error) else (None, error)
        if failed is None:
            interrupted = not isinstance(error, Exception)
            return ("cancelled" if interrupted else "passed"), None, error
        if self._has_fallback:
            return "fallback", failed, passing
        return "failed", failed, error

    def _lets_pass(self, error: BaseException) -> bool:
        if isinstance(error, BaseExceptionGroup):
            # What is in it is asked for by itself, unless the group is what was named.
            return bool(self._passes) and isinstance(error, self._passes)
        return not isinstance(error, Exception) or isinstance(error, (*_PASSING, *self._passes))

    def _report(self, error: BaseException, failed: BaseException) -> None:
        if isinstance(failed, BaseExceptionGroup):
            _, unreported = failed.split(_is_reported_leaf)
            if unreported is None:
                return
            failed = unreported
        config = telemetry_config_of(current_request())
        config.capture_exception(failed, handled=self._has_fallback)
        if failed is not error and config.active:
            remember(error)

    def _measure(self, outcome: Outcome, seconds: float) -> None:
        request = current_request()
        measures = telemetry_config_of(None).measures if request is None else request.measures
        tally = self._tallies.get(outcome)
        if tally is not None and tally.measures is measures:
            tally.add(seconds)
        elif measures is not None:
            tally = measures.tally(self._kind(request, outcome))
            if tally is not None:
                self._tallies[outcome] = tally
                self._succeeded = self._tallies.get("ok")
                tally.add(seconds)

    def _kind(self, request: Request | None, outcome: Outcome) -> Kind:
        """Return what the sums are filed under: of no request, so what is known of it goes now."""
        known = request.known() if request is not None else None
        names = (self.operation, self.category or "")
        operation, category = map(known.filter, names) if known is not None else names
        return Kind(operation, category, outcome)


file_io: Callable[..., Boundary] = functools.partial(error_boundary, category="file_io")
"""``file_io("export")`` is ``error_boundary("export", category="file_io")``."""
database: Callable[..., Boundary] = functools.partial(error_boundary, category="database")
network: Callable[..., Boundary] = functools.partial(error_boundary, category="network")
media: Callable[..., Boundary] = functools.partial(error_boundary, category="media")


def _is_reported_leaf(error: BaseException) -> bool:
    return not isinstance(error, BaseExceptionGroup) and was_reported(error)
