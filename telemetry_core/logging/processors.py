"""Processors for structlog (https://www.structlog.org): they need nothing of it to be imported.

::

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            filter_event,  # the last but for what renders
            structlog.processors.JSONRenderer(),
        ],
    )

Where structlog hands its events to the standard library, end with
``structlog.stdlib.render_to_log_kwargs`` in place of a renderer, and format with `JsonFormatter`:
then INFO becomes breadcrumbs and ERROR events as well.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final

from telemetry_core.context import bound_values, current_bound
from telemetry_core.logging.lines import WITHHELD, Reader, Unwritable, fault_of, reader_of
from telemetry_core.process import telemetry_config_of
from telemetry_core.request import current_request

EventDict = MutableMapping[str, Any]
"""What structlog hands from processor to processor."""

TEXTS: Final = frozenset(("event", "exception", "stack"))
"""Fields of structlog's own that are free text."""
WORDS: Final = frozenset(
    (
        *("timestamp", "process", "thread"),
        *("filename", "func_name", "lineno", "module", "pathname", "qual_name"),
    )
)
"""Fields of structlog's own that are numbers, times, and names of places in code."""
NAMES: Final = frozenset(("level", "logger", "process_name", "thread_name", "task_name"))
"""Fields of structlog's own that are names which an application may make as it runs."""

_PLACE: Final = ("filename", "lineno", "func_name", "module")


def filter_event(logger: object, method: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """Return a new event of what may be said, with what is known of its context.

    Free text is filtered, also for values known from the request; other fields are kept under
    allowed names, filtered, and are ``[Filtered]`` under others; ``exc_info`` and ``stack_info``
    become filtered text. The context's fields are added, as `JsonFormatter` does.

    Never raises: of an event that can't be filtered the new one says `WITHHELD`, with its level,
    logger and place as far as they are in it, and ``error`` for the reason.
    """
    request = current_request()
    config = telemetry_config_of(request)
    try:
        known = request.known() if request is not None else None
        return _filtered(reader_of(config), event, known)
    except Exception as error:
        fault = fault_of(error)
        texts = config.filter.policy.texts
        kept: dict[str, Any] = {"event": WITHHELD, "level": method, "error": fault}
        for name in (*_PLACE, "logger", "level"):
            value = event.get(name)
            if type(value) is str:
                kept[name] = texts.filter(value)
            elif type(value) is int:
                kept[name] = value
        place = " ".join(f"{name}={kept[name]}" for name in (*_PLACE, "logger") if name in kept)
        config.drops.count("log_error", "event", error=error, detail=f"{place or method}: {fault}")
        return kept


def _filtered(reader: Reader, event: EventDict, known: Any) -> dict[str, Any]:
    given = dict(event)
    exception = _exception_text(given.pop("exc_info", None))
    stack = given.pop("stack_info", None)
    if exception:
        given.setdefault("exception", exception)
    if isinstance(stack, str):
        given.setdefault("stack", stack)
    new: dict[str, Any] = {}
    others: dict[Any, object] = dict(bound_values()) if current_bound() is not None else {}
    for name, value in given.items():
        if name in TEXTS:
            new[name] = reader.text(value if type(value) is str else _written(value), known)
        elif name in WORDS:
            new[name] = reader.word(value)
        elif name in NAMES:
            new[name] = reader.name(value, known) if type(value) is str else reader.word(value)
        else:
            others[name] = value
    if others:
        new = {**reader.values(others, known), **new}
    for name, value in reader.context(current_request()).items():
        new.setdefault(name, value)
    return new


def _written(value: object) -> str:
    try:
        return str(value)
    except Exception as error:
        raise Unwritable from error


_traceback = logging.Formatter().formatException


def _exception_text(given: object) -> str:
    if given is True:
        found: Any = sys.exc_info()
    elif isinstance(given, BaseException):
        found = (type(given), given, given.__traceback__)
    else:
        found = given
    if not isinstance(found, tuple) or len(found) != 3:
        return ""
    kind, error, traceback = found
    if not isinstance(error, BaseException) or not isinstance(traceback, TracebackType | None):
        return ""
    return _traceback((kind, error, traceback))
