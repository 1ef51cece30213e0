"""The site of `django_settings` in processes of its own, with telemetry set by the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import django_settings

import telemetry_core
import telemetry_django

# Where these were imported from: a checkout, or an installed wheel.
FOLDERS = [
    str(Path(module.__file__ or "").parent.parent)
    for module in (django_settings, telemetry_core, telemetry_django)
]
FOLDERS[0] = str(Path(django_settings.__file__).parent)


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without its telemetry, and with ``variables``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TELEMETRY_", "SENTRY_", "SITE_", "DJANGO_", "GUNICORN_"))
    }
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "django_settings",
        "PYTHONPATH": os.pathsep.join(FOLDERS),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }


def telemetry_variables(dsn: str, **variables: str) -> dict[str, str]:
    """Return the environment of a process whose telemetry goes to ``dsn``."""
    return environment(
        TELEMETRY_ENABLED="true",
        TELEMETRY_DSN=dsn,
        TELEMETRY_ENVIRONMENT="testing",
        TELEMETRY_RELEASE="shop@1.2.3",
        TELEMETRY_TRACES_SAMPLE_RATE="0.0",
        TELEMETRY_PROFILES_SAMPLE_RATE="0.0",
        **variables,
    )


def python(*arguments: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        check=False,
        env=variables,
        text=True,
        timeout=60,
    )
