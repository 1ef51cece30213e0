"""Telemetry's settings, as Django has them."""

from __future__ import annotations

from django.conf import settings

from telemetry_core import SettingsError
from telemetry_core.diversion import switched_on
from telemetry_core.settings import Settings, read_settings

APP = "telemetry_django"
MIDDLEWARE = "telemetry_django.middleware.TelemetryMiddleware"
PREFIX = "TELEMETRY_"
SESSION_ID = "telemetry_session_id"
"""The attribute of a request that holds its session's id, as a reference code to show."""


def given() -> dict[str, object]:
    """Return Django's ``TELEMETRY_`` settings, unread."""
    return {name: getattr(settings, name) for name in dir(settings) if name.startswith(PREFIX)}


_refused: tuple[Settings, SettingsError] | None = None


def refuse(found: Settings, error: SettingsError) -> None:
    """Remember settings that can be read, but with which telemetry can't start."""
    global _refused  # noqa: PLW0603  # Django has one set of settings in a process
    _refused = found, error


def read() -> Settings:
    """Read Django's ``TELEMETRY_`` settings, else the environment's.

    While a test collects telemetry, it is on whatever they say.

    :raises telemetry_core.SettingsError: with every problem there is, also with one that showed
        when telemetry was to start with them.
    """
    found = switched_on(read_settings(given(), framework_debug=settings.DEBUG))
    if _refused is not None and _refused[0] == found:
        raise SettingsError(_refused[1].problems) from _refused[1]
    return found
