"""Operations that are running: what a boundary has begun, and how events tell of it."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, Literal, Protocol

from telemetry_core.context import Binding, Bound, chain
from telemetry_core.trace import OperationSpan

Outcome = Literal["ok", "failed", "fallback", "passed", "cancelled"]
"""How an operation ended: well; with an error that was raised on; with one in whose place the
fallback was returned; with an exception that is no failure; by cancellation or the end of the
process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of operation: how its spans are called, and what of its errors is a mere code."""

    op: str
    """Of the span, by https://develop.sentry.dev/sdk/telemetry/traces/span-operations/"""
    codes: tuple[str, ...] = ()
    """Attributes of exceptions that hold a code and nothing else; the first that does counts."""


CATEGORIES: Final[Mapping[str, Category]] = {
    "file_io": Category(op="file", codes=("errno",)),
    "database": Category(op="db", codes=("sqlstate", "pgcode", "sqlite_errorname")),
    "network": Category(op="http.client", codes=("status_code", "status", "code", "errno")),
    "media": Category(op="media", codes=("returncode", "errno")),
}
"""The ready-made categories. Any other word is a category as well, with spans of ``function``."""

OTHER: Final = Category(op="function")


class Operation(Binding, Protocol):
    """What runs are of: a boundary."""

    operation: str
    described: Category


class Run(Bound):
    """One run of an operation."""

    __slots__ = ("outcome", "span", "started")

    # Set once, where it is made; never by who knows of a Bound alone.
    block: Operation  # pyright: ignore[reportIncompatibleVariableOverride]
    outcome: Outcome | None
    span: OperationSpan | None
    started: float


def describe(event: dict[str, Any], error: BaseException | None) -> None:
    """Put the operations of this context on an event: the innermost, and those around it.

    :param error: the exception that the event tells of.
    """
    runs = [bound for bound in chain() if isinstance(bound, Run)]
    if not runs:
        return
    run, *outer = runs
    details: dict[str, object] = {
        **run.block.values,
        "duration_ms": round((perf_counter() - run.started) * 1000, 3),
    }
    if run.outcome is not None:
        details["outcome"] = run.outcome
    if outer:
        details["within"] = [each.block.operation for each in reversed(outer)]
    code = code_of(error, run.block.described) if error is not None else None
    if code is not None:
        details["code"] = code
    event.setdefault("contexts", {})["boundary"] = details


_CODE: Final = re.compile(r"[A-Z0-9_]{2,40}")


def code_of(error: BaseException, category: Category) -> str | int | None:
    """Return the code of an error, by what its category says of where that is, or None."""
    for name in category.codes:
        value = getattr(error, name, None)
        if name == "errno" and type(value) is int:
            value = errno.errorcode.get(value, value)
        if type(value) is int and -1000 < value < 1000:
            return value
        if type(value) is str and _CODE.fullmatch(value):
            return value
    return None
