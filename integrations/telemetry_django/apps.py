"""The entry in ``INSTALLED_APPS``: switches telemetry on when Django has loaded its settings."""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks as django_checks
from django.core.signals import got_request_exception

from telemetry_core import SettingsError, get_telemetry_config, initialize_telemetry
from telemetry_core.loggers import repeat_what_is_reported
from telemetry_core.request import report
from telemetry_django import checks, conf
from telemetry_django.facts import DjangoFacts

# Each line of these is about a request whose error, if there was one, was reported.
REPEATING_LOGGERS = ("django.server", "django.security.DisallowedHost")


class TelemetryAppConfig(AppConfig):
    """Starts telemetry in ``ready``. Wrong settings stop the start, and show in ``check``."""

    name = "telemetry_django"
    label = "telemetry"
    verbose_name = "Telemetry"

    def ready(self) -> None:
        """Read the settings and start telemetry if they enable it."""
        django_checks.register(checks.check_settings, django_checks.Tags.security)
        django_checks.register(checks.check_middleware, django_checks.Tags.security)
        try:
            found = conf.read()
        except SettingsError:
            # The middleware refuses to start the server; until then `manage.py check` can run.
            if conf.MIDDLEWARE not in settings.MIDDLEWARE:
                raise
            return
        if not found.enabled:
            return
        initialize_telemetry(settings=found)
        repeat_what_is_reported(*REPEATING_LOGGERS)
        got_request_exception.connect(_report, dispatch_uid="telemetry_django")


def _report(*, request: Any = None, **_: object) -> None:
    error = sys.exc_info()[1]
    config = get_telemetry_config()
    if error is not None and request is not None and config.active:
        report(config, DjangoFacts(request), error)
