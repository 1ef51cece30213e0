"""Privacy-first telemetry for Flask: ``Telemetry(app)``, or ``Telemetry().init_app(app)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telemetry_flask.extension import Telemetry

try:
    import flask as _flask  # noqa: F401  # before a module of ours needs it
except ModuleNotFoundError as error:
    if error.name != "flask":
        raise
    from telemetry_core.errors import FrameworkMissingError

    raise FrameworkMissingError("telemetry_flask", "Flask") from error

__all__ = ["Telemetry"]


def __getattr__(name: str) -> Any:
    """Load the extension when it is asked for: every run of ``flask`` loads our command."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from telemetry_flask import extension

    found = globals()[name] = getattr(extension, name)
    return found
