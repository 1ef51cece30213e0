"""The entry in ``INSTALLED_APPS``: switches telemetry on when Django has loaded its settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks as django_checks
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception, setting_changed
from django.http import Http404

from telemetry_core import (
    SettingsError,
    get_telemetry_config,
    initialize_telemetry,
    shutdown_telemetry,
)
from telemetry_core.boundary import let_pass
from telemetry_core.diversion import switches
from telemetry_core.loggers import ACCESS_LOGGERS, keep_out
from telemetry_core.reports import report
from telemetry_core.settings import Settings
from telemetry_django import checks, conf
from telemetry_django.facts import DjangoFacts

# What these say of a request is in its event, or is no error of the application's: a response with
# a status of 4xx, a suspicious operation that Django refused. They say it with the raw path, when
# the middleware is done with the request.
REPEATING_LOGGERS = ("django.request", "django.security.*", "django.server")


class TelemetryAppConfig(AppConfig):
    """Starts telemetry in ``ready``. Wrong settings stop the start, and show in ``check``."""

    name = "telemetry_django"
    label = "telemetry"
    verbose_name = "Telemetry"

    def ready(self) -> None:
        """Read the settings and start telemetry if they enable it."""
        # Django answers these; they are no errors, whether telemetry is on or off.
        let_pass(BadRequest, Http404, PermissionDenied, SuspiciousOperation)
        django_checks.register(checks.check_settings, django_checks.Tags.security)
        django_checks.register(checks.check_middleware, django_checks.Tags.security)
        setting_changed.connect(_restart, dispatch_uid="telemetry_django")
        if _switched_on not in switches:
            switches.append(_switched_on)
        try:
            _start(conf.read())
        except SettingsError:
            # The middleware refuses to start the server; until then `manage.py check` can run.
            if conf.MIDDLEWARE not in settings.MIDDLEWARE:
                raise


def _start(found: Settings) -> None:
    if not found.enabled:
        return
    try:
        initialize_telemetry(settings=found)
    except SettingsError as error:
        conf.refuse(found, error)
        raise
    keep_out(*ACCESS_LOGGERS, *REPEATING_LOGGERS)
    got_request_exception.connect(_report, dispatch_uid="telemetry_django")


def _restart(*, setting: str, **_: object) -> None:
    """Follow ``override_settings``, which tests use; the settings of a server never change."""
    if not setting.startswith(conf.PREFIX):
        return
    try:
        found = conf.read()
        if found != get_telemetry_config().settings:
            shutdown_telemetry()
            _start(found)
    except SettingsError:
        # As in ready(): the checks and the middleware say what is wrong.
        shutdown_telemetry()


@contextmanager
def _switched_on() -> Iterator[None]:
    """Start telemetry while a test collects it, and afterwards if only a test had stopped it."""
    _start_again()
    try:
        yield
    finally:
        _start_again()


def _start_again() -> None:
    if not get_telemetry_config().active:
        _start(conf.read())


def _report(*, request: Any = None, **_: object) -> None:
    error = sys.exc_info()[1]
    config = get_telemetry_config()
    if error is not None and request is not None and config.active:
        session_id = getattr(request, conf.SESSION_ID, None)
        report(config, DjangoFacts(request), error, session_id=session_id)
