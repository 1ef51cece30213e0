"""Privacy-first telemetry for Django: put ``telemetry_django`` in ``INSTALLED_APPS``.

And ``telemetry_django.middleware.TelemetryMiddleware`` first in ``MIDDLEWARE``.
"""

from __future__ import annotations

try:
    import django as _django  # noqa: F401  # before a module of ours needs it
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    from telemetry_core.errors import FrameworkMissingError

    raise FrameworkMissingError("telemetry_django", "Django") from error
