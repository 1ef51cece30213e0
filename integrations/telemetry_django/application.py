"""The Django project of this process, as the verbs of ``telemetry`` see it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress

import django
from django.apps import apps
from django.conf import settings
from django.utils.log import AdminEmailHandler

from telemetry_core import SettingsError
from telemetry_core.cli.application import Application, Finding
from telemetry_django import checks, conf


def load(name: str) -> Application:
    """Load the project of a settings module.

    Wrong ``TELEMETRY_`` settings don't stop it; whatever else goes wrong raises as Django does.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = name
    # `Application.settings` raises it again, for those who want to know.
    with suppress(SettingsError):
        django.setup()
    return current()


def current() -> Application:
    """Return the project whose settings Django has loaded."""
    return Application(
        name=os.environ.get("DJANGO_SETTINGS_MODULE", "settings.configure()"),
        framework="Django",
        version=django.get_version(),
        adapter="telemetry_django",
        given={
            name: getattr(settings, name) for name in dir(settings) if name.startswith(conf.PREFIX)
        },
        settings=conf.read,
        middleware=tuple(settings.MIDDLEWARE),
        findings=lambda: tuple(_findings()),
    )


def _findings() -> Iterator[Finding]:
    if not apps.is_installed(conf.APP):
        yield Finding(
            level="problem",
            subject="INSTALLED_APPS",
            text="Telemetry never starts: its app is missing.",
            hint=f"Put {conf.APP!r} first in INSTALLED_APPS.",
        )
    messages = checks.check_middleware()
    for message in messages:
        yield Finding(
            level="problem" if message.id == checks.MISSING else "warning",
            subject="MIDDLEWARE",
            text=message.msg,
            hint=message.hint or "",
        )
    if list(settings.MIDDLEWARE[:1]) == [conf.MIDDLEWARE]:
        yield Finding(level="ok", subject="MIDDLEWARE", text="The telemetry middleware is first.")
    if settings.ADMINS and any(map(_mails_errors, ("", "django", "django.request"))):
        yield Finding(
            level="warning",
            subject="ADMINS",
            text="Django mails them each error with the visitor's request, unfiltered.",
            hint="Empty ADMINS, or take AdminEmailHandler out of LOGGING.",
        )


def _mails_errors(logger: str) -> bool:
    return any(isinstance(each, AdminEmailHandler) for each in logging.getLogger(logger).handlers)
