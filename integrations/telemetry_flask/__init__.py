"""Privacy-first telemetry for Flask: ``Telemetry(app)``, or ``Telemetry().init_app(app)``."""

from __future__ import annotations

from telemetry_flask.extension import Telemetry

__all__ = ["Telemetry"]
