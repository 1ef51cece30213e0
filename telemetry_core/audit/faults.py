"""Errors as careless code makes them: it logs, tags and raises what it was given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import sentry_sdk

logger = logging.getLogger("audited")


class Refused(Exception):
    """What a view raises that can't go on."""


def _log(values: Mapping[str, Any]) -> None:
    logger.info("handling %s", values)
    logger.error("could not handle %s", list(values.values()))


def _describe(values: Mapping[str, Any]) -> None:
    sentry_sdk.set_user({"id": "1", "data": dict(values.get("user") or {})})
    sentry_sdk.set_context("input", dict(values))
    sentry_sdk.add_breadcrumb(category="audit", message="read", data={"address": values.get("ip")})
    sentry_sdk.set_extra("query", values.get("query"))
    for name, value in dict(values.get("query") or values).items():
        sentry_sdk.set_tag(name, str(value))


def _measure(values: Mapping[str, Any]) -> None:
    with sentry_sdk.start_span(op="audit", name=f"work on {values}") as span:
        span.set_data("message", str(values.get("query")))


STEPS: Final[tuple[Callable[[Mapping[str, Any]], None], ...]] = (_describe, _measure, _log)
"""Ways in which an application hands values to its logs and to the SDK."""


def fail(values: Mapping[str, Any], cause: BaseException | None = None) -> NoReturn:
    """Hand ``values`` over by each way, and raise with them in the message.

    :param values: what the view was given, by where it stands. Read from the framework's own
        request, so that a view could have had them.
    """
    for step in STEPS:
        step(values)
    raise Refused(f"can't handle {values}") from cause
