"""Telemetry's settings, as Django has them."""

from __future__ import annotations

from django.conf import settings

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


def read() -> Settings:
    """Read Django's ``TELEMETRY_`` settings, else the environment's.

    While a test collects telemetry, it is on whatever they say.

    :raises telemetry_core.SettingsError: with every problem there is.
    """
    return switched_on(read_settings(given(), framework_debug=settings.DEBUG))
