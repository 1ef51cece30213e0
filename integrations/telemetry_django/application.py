"""The Django project of this process, as the verbs of ``telemetry`` see it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import django
from django.apps import apps
from django.conf import settings

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
        findings=_findings,
    )


def _findings() -> Sequence[Finding]:
    found = [
        Finding(
            level="warning", subject="MIDDLEWARE", text=str(message.msg), hint=message.hint or ""
        )
        for message in checks.check_middleware()
    ]
    if not apps.is_installed(conf.APP):
        found.append(
            Finding(
                level="problem",
                subject="INSTALLED_APPS",
                text="Telemetry never starts: its app is missing.",
                hint=f"Put {conf.APP!r} first in INSTALLED_APPS.",
            )
        )
    return found
