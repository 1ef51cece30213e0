"""Queries of a sampled request as spans, through the wrappers of ``connection.execute_wrapper``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from django.db import connections

from telemetry_core.request import Request, current_request
from telemetry_core.trace import QuerySpan

SEEN = "telemetry_recorded"
"""The key of a query's context that says that it is recorded already."""


def record(telemetry: Request) -> None:
    """Record the queries of a request until it has ended: with its streamed body, if it has one.

    Call it on the thread on which the request's queries run.
    """
    wrapped: list[list[Any]] = []

    def end() -> None:
        for wrappers in wrapped:
            with suppress(ValueError):
                wrappers.remove(_record)

    telemetry.at_end(end)
    try:
        for alias in connections:
            wrappers = connections[alias].execute_wrappers
            # The context manager ``execute_wrapper`` takes off whatever was put on last. Requests
            # that take turns in a thread, as under ASGI, don't end in the order they began in.
            wrappers.insert(0, _record)
            wrapped.append(wrappers)
    except Exception as error:
        # A database that is set up wrongly; the application hears of it when it needs it.
        telemetry.count_failure("queries", error)


def _record(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    telemetry = current_request()
    # The connection may serve other requests in between, of which some are recorded as well.
    if telemetry is None or not telemetry.is_traced or SEEN in context:
        return execute(sql, params, many, context)
    context[SEEN] = True
    connection = context["connection"]
    # The name of SQLite's database is the path of its file.
    name = PurePath(str(connection.settings_dict.get("NAME", ""))).name
    runs = len(params) if many and hasattr(params, "__len__") else None
    with QuerySpan(sql, system=connection.vendor, database=name, runs=runs) as span:
        result = execute(sql, params, many, context)
        span.set_rows(getattr(context["cursor"], "rowcount", None))
        return result
