"""The settings of telemetry: one list of names for Django, Flask and the environment alike.

`describe_settings` returns the table of names; `read_settings` reads them into `Settings` or
raises `telemetry_core.errors.SettingsError` with every problem at once.
"""

from __future__ import annotations

from telemetry_core.settings.consent import Consent
from telemetry_core.settings.reading import Settings, read_settings
from telemetry_core.settings.table import Setting, describe_settings

__all__ = ["Consent", "Setting", "Settings", "describe_settings", "read_settings"]
