"""The site of `flask_site` in processes of its own, with telemetry set by the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import flask_site

import telemetry_core
import telemetry_flask

# Where these were imported from: a checkout, or an installed wheel.
FOLDERS = [
    str(Path(flask_site.__file__).parent),
    *(
        str(Path(module.__file__ or "").parent.parent)
        for module in (telemetry_core, telemetry_flask)
    ),
]


def telemetry_variables(dsn: str, **variables: str) -> dict[str, str]:
    """Return the environment of a process whose telemetry goes to ``dsn``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TELEMETRY_", "SENTRY_", "SITE_", "FLASK_", "GUNICORN_"))
    }
    given = {
        "TELEMETRY_ENABLED": "true",
        "TELEMETRY_DSN": dsn,
        "TELEMETRY_ENVIRONMENT": "testing",
        "TELEMETRY_RELEASE": "notes@1.2.3",
        "TELEMETRY_TRACES_SAMPLE_RATE": "0.0",
        "TELEMETRY_PROFILES_SAMPLE_RATE": "0.0",
        "PYTHONPATH": os.pathsep.join(FOLDERS),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    return kept | {name: value for name, value in given.items() if value}


def flask(*arguments: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Flask's command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "flask_site", *arguments],
        capture_output=True,
        check=False,
        env=variables,
        text=True,
        timeout=60,
    )
