"""Privacy-first telemetry for Django: put ``telemetry_django`` in ``INSTALLED_APPS``.

And ``telemetry_django.middleware.TelemetryMiddleware`` first in ``MIDDLEWARE``.
"""
