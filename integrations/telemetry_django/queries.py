"""Queries of a sampled request as spans, through ``connection.execute_wrapper``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest

from telemetry_core.request import Request, current_request
from telemetry_core.trace import QuerySpan

T = TypeVar("T")


class _Recorder:
    """Records the queries of one request, for as long as that is being traced."""

    def __init__(self, telemetry: Request) -> None:
        self._telemetry = telemetry

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        # A connection can outlive the request, or serve another one in between.
        if not self._telemetry.is_traced or current_request() is not self._telemetry:
            return execute(sql, params, many, context)
        connection = context["connection"]
        # The name of SQLite's database is the path of its file.
        name = PurePath(str(connection.settings_dict.get("NAME", ""))).name
        runs = len(params) if many and hasattr(params, "__len__") else None
        with QuerySpan(sql, system=connection.vendor, database=name, runs=runs) as span:
            result = execute(sql, params, many, context)
            span.set_rows(getattr(context["cursor"], "rowcount", None))
            return result


def answer(telemetry: Request, get_response: Callable[[HttpRequest], T], request: HttpRequest) -> T:
    """Answer a request with its queries recorded."""
    with _recorded(telemetry):
        return get_response(request)


async def aanswer(
    telemetry: Request, get_response: Callable[[HttpRequest], Awaitable[T]], request: HttpRequest
) -> T:
    """Answer a request under ASGI: Django's connections live in the request's own thread."""
    recorded = await sync_to_async(_recorded)(telemetry)
    try:
        return await get_response(request)
    finally:
        await sync_to_async(recorded.close)()


def _recorded(telemetry: Request) -> ExitStack:
    stack = ExitStack()
    recorder = _Recorder(telemetry)
    try:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(recorder))
    except Exception as error:
        # A database that is set up wrongly; the application hears of it when it needs it.
        telemetry.count_failure("queries", error)
    return stack
