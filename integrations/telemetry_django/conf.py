"""Telemetry's settings, as Django has them."""

from __future__ import annotations

from django.conf import settings

from telemetry_core.settings import Settings, read_settings

MIDDLEWARE = "telemetry_django.middleware.TelemetryMiddleware"
APP = "telemetry_django"


def read() -> Settings:
    """Read Django's ``TELEMETRY_`` settings, else the environment's.

    :raises telemetry_core.SettingsError: with every problem there is.
    """
    given = {
        name: getattr(settings, name) for name in dir(settings) if name.startswith("TELEMETRY_")
    }
    return read_settings(given, framework_debug=settings.DEBUG)
