"""Queries of a sampled request as spans, through SQLAlchemy's events."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import PurePath
from typing import Any
from weakref import WeakSet

from flask import Flask

from telemetry_core.request import current_request
from telemetry_core.trace import QuerySpan

SPAN = "_telemetry_span"
"""The attribute of SQLAlchemy's execution context, where the span is while the query runs."""

_recorded: WeakSet[Any] = WeakSet()
_looked_at: WeakSet[Flask] = WeakSet()


def record(engine: Any) -> None:
    """Listen to an ``Engine`` or ``AsyncEngine``; a second time changes nothing."""
    event: Any = import_module("sqlalchemy.event")
    engine = getattr(engine, "sync_engine", engine)
    if engine in _recorded:
        return
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)
    _recorded.add(engine)


def record_found(app: Flask) -> None:
    """Listen to the engines that Flask-SQLAlchemy has made for an application, once."""
    extension = app.extensions.get("sqlalchemy")
    if extension is None or app in _looked_at:
        return
    _looked_at.add(app)
    # One that is set up wrongly; the application hears of it when it needs it.
    with suppress(Exception), app.app_context():
        for engine in extension.engines.values():
            record(engine)


def _begin(
    connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    telemetry = current_request()
    if context is None or telemetry is None or not telemetry.is_traced:
        return
    # The name of SQLite's database is the path of its file.
    name = PurePath(connection.engine.url.database or "").name
    span = QuerySpan(
        statement,
        system=connection.dialect.name,
        database=name,
        runs=len(parameters) if many and hasattr(parameters, "__len__") else None,
    )
    setattr(context, SPAN, span.__enter__())


def _end(_connection: Any, cursor: Any, _s: str, _p: Any, context: Any, _many: bool) -> None:
    span = _span_of(context)
    if span is not None:
        span.set_rows(getattr(cursor, "rowcount", None))
        span.__exit__(None, None, None)


def _fail(failure: Any) -> None:
    span = _span_of(failure.execution_context)
    if span is not None:
        error = failure.original_exception
        span.__exit__(type(error), error, None)


def _span_of(context: Any) -> QuerySpan | None:
    """Take the span off an execution context, if there is one."""
    return vars(context).pop(SPAN, None) if context is not None else None
