"""Privacy-first telemetry on top of sentry-sdk: nothing personal leaves the process.

Framework-neutral. `initialize_telemetry` switches it on; `PIIFilter` works alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telemetry_core.attachments import attach_text
    from telemetry_core.boundary import error_boundary
    from telemetry_core.carrying import carried, carried_headers
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.context import telemetry_context
    from telemetry_core.errors import SettingsError, TelemetryError
    from telemetry_core.filter.pii import PIIFilter, filter_event, get_pii_filter
    from telemetry_core.jobs import job
    from telemetry_core.process import (
        get_telemetry_config,
        initialize_telemetry,
        shutdown_telemetry,
    )
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

_MODULES = {
    "attachments": ("attach_text",),
    "boundary": ("error_boundary",),
    "carrying": ("carried", "carried_headers"),
    "config": ("TelemetryConfig",),
    "context": ("telemetry_context",),
    "errors": ("SettingsError", "TelemetryError"),
    "filter.pii": ("PIIFilter", "filter_event", "get_pii_filter"),
    "jobs": ("job",),
    "process": ("get_telemetry_config", "initialize_telemetry", "shutdown_telemetry"),
    "session": ("SessionManager", "get_session_manager"),
}
_HOMES = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load what is asked for: the filter needs no SDK, and the SDK takes half a second to load."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(home), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
