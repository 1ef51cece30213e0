"""What ``telemetry doctor`` looks at: settings, versions, and what else is in the process."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from telemetry_core.cli.application import Application, Finding
from telemetry_core.cli.bypasses import bypasses
from telemetry_core.cli.sources import text_of
from telemetry_core.cli.variables import variables
from telemetry_core.config import TelemetryConfig
from telemetry_core.errors import SettingsError
from telemetry_core.options import build_options
from telemetry_core.settings import Settings
from telemetry_core.versions import UNKNOWN, version_of

LOWEST: Final[Mapping[str, tuple[int, ...]]] = {
    "Python": (3, 11),
    "sentry-sdk": (2, 42),
    "Django": (5, 2),
    "Flask": (3, 0),
}
"""The versions that are tested, from these on."""


def examine(application: Application, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Yield what there is to say of an application and of the process it was loaded into."""
    settings = None
    try:
        settings = application.settings()
        build_options(settings, TelemetryConfig(settings).gate)
    except SettingsError as error:
        for problem in error.problems:
            text = f"Should be {problem.allowed}, got {problem.got}."
            yield Finding(level="problem", subject=problem.setting, text=text, hint=problem.hint)
    else:
        yield from _settings(settings)
    yield from _versions(application)
    if not application.framework:
        yield Finding(
            level="note",
            subject="application",
            text="None was named: settings in code, middleware and extension were not looked at.",
            hint="Name it with --django or --flask, or run the verb as manage.py or flask does.",
        )
    yield from application.findings()
    yield from bypasses()
    yield from variables(environ, settings)
    yield from _servers()


def _settings(settings: Settings) -> Iterator[Finding]:
    if not settings.enabled:
        yield Finding(
            level="note",
            subject="TELEMETRY_ENABLED",
            text="Telemetry is off: nothing is collected and nothing sent.",
            hint="Set TELEMETRY_ENABLED=true and TELEMETRY_DSN to switch it on.",
        )
    else:
        text = f"Telemetry is on, in the environment {settings.environment}."
        yield Finding(level="ok", subject="TELEMETRY_ENABLED", text=text)
    recipient = urlsplit(settings.dsn or "")
    if recipient.scheme == "http" and recipient.hostname not in _LOOPBACK:
        yield Finding(
            level="warning",
            subject="TELEMETRY_DSN",
            text=f"What is sent to {recipient.hostname} can be read on its way: it is no https.",
            hint="Use the https DSN, if the server has one.",
        )
    if settings.enabled and settings.release is None:
        yield Finding(
            level="note",
            subject="TELEMETRY_RELEASE",
            text="No release is known: nobody will see in which version an error came up.",
            hint="Set it, or put a file VERSION or build_info.json beside the application.",
        )
    off = sorted(name for name, row in settings.detectors.items() if row is False)
    if off:
        yield Finding(
            level="warning",
            subject="TELEMETRY_DETECTORS",
            text=f"Switched off: {', '.join(off)}. What they find leaves.",
        )


_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def _versions(application: Application) -> Iterator[Finding]:
    installed = {
        "Python": platform.python_version(),
        "telemetry-core": version_of("telemetry-core"),
        "sentry-sdk": version_of("sentry-sdk"),
    }
    if application.framework:
        installed[application.framework] = application.version
    for name, version in installed.items():
        lowest = LOWEST.get(name, ())
        if version != UNKNOWN and _numbers(version) < lowest:
            asked = ".".join(map(str, lowest))
            text = f"{version} is older than {asked}, the oldest that is tested."
            yield Finding(level="problem", subject=name, text=text, hint=f"Upgrade {name}.")
        else:
            yield Finding(level="ok", subject=name, text=version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version)[:2])


_UWSGI: Final = re.compile(r"^\s*\[uwsgi\]", re.MULTILINE)
_THREADS: Final = re.compile(r"^\s*(?:enable-threads|threads)\s*=\s*+(?!false|0)", re.MULTILINE)


def _servers() -> Iterator[Finding]:
    """Look at the configuration of a uWSGI server: without threads nothing is ever sent."""
    for path in sorted(Path.cwd().glob("*.ini")):
        text = text_of(path)
        if _UWSGI.search(text) and not _THREADS.search(text):
            yield Finding(
                level="problem",
                subject=path.name,
                text="uWSGI runs no threads, and what is captured is sent by one.",
                hint="Set enable-threads = true.",
            )
