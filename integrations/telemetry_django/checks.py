"""What ``manage.py check`` says of telemetry."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from telemetry_core import SettingsError
from telemetry_django import conf

IDS = {
    "unknown": "telemetry.E001",
    "type": "telemetry.E002",
    "value": "telemetry.E003",
    "missing": "telemetry.E004",
}
WITHOUT_APP = "telemetry.E005"
"""The id of the error that the app is missing. Checks are the app's: the middleware says it."""
MISSING = "telemetry.W001"
"""The id of the warning that the middleware is missing."""


def check_settings(**_: Any) -> list[CheckMessage]:
    """Report every ``TELEMETRY_`` setting that is wrong."""
    try:
        conf.read()
    except SettingsError as error:
        return [
            Error(
                f"{problem.setting} should be {problem.allowed}, got {problem.got}.",
                hint=problem.hint or None,
                id=IDS.get(problem.kind, "telemetry.E003"),
            )
            for problem in error.problems
        ]
    return []


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Report a middleware that is missing, there twice, or that others can run before."""
    try:
        if not conf.read().enabled:
            return []
    except SettingsError:
        return []
    middleware = list(settings.MIDDLEWARE)
    if conf.MIDDLEWARE not in middleware:
        return [
            CheckWarning(
                "Requests are not reported: the telemetry middleware is missing.",
                hint=f"Put {conf.MIDDLEWARE!r} first in MIDDLEWARE.",
                id=MISSING,
            )
        ]
    if middleware[0] != conf.MIDDLEWARE:
        return [
            CheckWarning(
                f"What {middleware[0]!r} records is not part of its request's telemetry.",
                hint=f"Put {conf.MIDDLEWARE!r} first in MIDDLEWARE.",
                id="telemetry.W002",
            )
        ]
    if middleware.count(conf.MIDDLEWARE) > 1:
        return [
            CheckWarning(
                "Each request counts as two, with two sessions: the middleware is there twice.",
                hint=f"Keep {conf.MIDDLEWARE!r} in MIDDLEWARE once, as the first.",
                id="telemetry.W003",
            )
        ]
    return []
