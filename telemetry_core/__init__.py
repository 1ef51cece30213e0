"""Privacy-first telemetry on top of sentry-sdk: nothing personal leaves the process.

Framework-neutral. `initialize_telemetry` switches it on; `PIIFilter` works alone.
"""

from __future__ import annotations

from telemetry_core.attachments import attach_text
from telemetry_core.boundary import error_boundary
from telemetry_core.carrying import carried, carried_headers
from telemetry_core.config import (
    TelemetryConfig,
    get_telemetry_config,
    initialize_telemetry,
    shutdown_telemetry,
)
from telemetry_core.context import telemetry_context
from telemetry_core.errors import SettingsError, TelemetryError
from telemetry_core.filter.pii import PIIFilter, filter_event, get_pii_filter
from telemetry_core.jobs import job
from telemetry_core.session import SessionManager, get_session_manager

__all__ = [
    "PIIFilter",
    "SessionManager",
    "SettingsError",
    "TelemetryConfig",
    "TelemetryError",
    "attach_text",
    "carried",
    "carried_headers",
    "error_boundary",
    "filter_event",
    "get_pii_filter",
    "get_session_manager",
    "get_telemetry_config",
    "initialize_telemetry",
    "job",
    "shutdown_telemetry",
    "telemetry_context",
]
