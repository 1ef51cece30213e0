"""What ``telemetry doctor`` looks at: settings, versions, and what else is in the process."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import sentry_sdk

from telemetry_core.cli.application import Application, Finding, Level
from telemetry_core.config import TelemetryConfig
from telemetry_core.errors import SettingsError
from telemetry_core.hooks import TelemetryIntegration
from telemetry_core.options import build_options
from telemetry_core.process import get_telemetry_config
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
    yield from application.findings()
    yield from _clients()
    yield from _calls_of_init()
    yield from _variables(environ, settings)
    yield from _companions()
    yield from _handlers()
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


def _clients() -> Iterator[Finding]:
    client: Any = sentry_sdk.Scope.get_global_scope().client
    if client is None or not client.is_active():
        return
    if client is get_telemetry_config().client or client.get_integration(TelemetryIntegration):
        return
    yield Finding(
        level="problem",
        subject="sentry_sdk.init()",
        text="Something called it: the process has a client that sends past the gate.",
        hint="Take the call out; pass its options in TELEMETRY_SENTRY_OPTIONS.",
    )


def _text_of(path: Path) -> str:
    """Return the text of a small file; an empty one of what can't be read."""
    try:
        if path.stat().st_size > _MOST_SOURCE:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


_INIT: Final = re.compile(r"^[^#\n]*\bsentry_sdk\.init\(", re.MULTILINE)
_MOST_SOURCE: Final = 1_000_000


def _calls_of_init() -> Iterator[Finding]:
    """Look for calls in the source of what was loaded from below the current folder."""
    folder = Path.cwd()
    for path in sorted(set(_sources_below(folder))):
        source = _text_of(path)
        for found in _INIT.finditer(source):
            line = source.count("\n", 0, found.end()) + 1
            yield Finding(
                level="warning",
                subject="sentry_sdk.init()",
                text=f"{path.relative_to(folder)}:{line} calls it. Whatever comes second takes the"
                " place of what came first.",
                hint="Take the call out; pass its options in TELEMETRY_SENTRY_OPTIONS.",
            )


_OWN: Final = Path(__file__).parents[1]


def _sources_below(folder: Path) -> Iterator[Path]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and file.startswith(str(folder)):
            path = Path(file)
            if "site-packages" not in path.parts and not path.is_relative_to(_OWN):
                yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the environment that others than telemetry's settings look at."""

    names: tuple[str, ...]
    level: Level
    text: str
    hint: str = ""
    harmless: tuple[str, ...] = ("", "0", "false", "none")
    """Values, in lower case, with which there is nothing to say."""


VARIABLES: Final = (
    Variable(
        names=("SENTRY_DSN",),
        level="note",
        text="Taken where TELEMETRY_DSN isn't set; and by any call of sentry_sdk.init(), whose"
        " client would send unfiltered.",
        hint="Set TELEMETRY_DSN in its place.",
    ),
    Variable(
        names=("SENTRY_SPOTLIGHT",),
        level="warning",
        text="Makes any other client of sentry-sdk send a copy of everything, unfiltered."
        " Telemetry's own doesn't.",
        hint="Unset it.",
    ),
    Variable(
        names=("SENTRY_PRINT_ENVELOPES",),
        level="note",
        text="Makes sentry-sdk print what is sent, once it is filtered.",
    ),
    Variable(
        names=("SENTRY_DEBUG",),
        level="note",
        text="Makes any other client of sentry-sdk print what it does; telemetry's goes by the"
        " environment.",
    ),
    Variable(
        names=("SENTRY_RELEASE", "SENTRY_ENVIRONMENT"),
        level="note",
        text="Taken where the TELEMETRY_ variable of that name isn't set.",
    ),
    Variable(
        names=("SENTRY_TRACE", "SENTRY_BAGGAGE"),
        level="note",
        text="Makes what happens outside requests part of another program's trace.",
    ),
    Variable(
        names=(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "OTEL_TRACES_EXPORTER",
            "OTEL_LOGS_EXPORTER",
            "OTEL_METRICS_EXPORTER",
        ),
        level="warning",
        text="OpenTelemetry, where it is installed, sends on its own and unfiltered.",
        hint="Unset it, unless that is meant.",
    ),
)

_FILES: Final = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CLIENT_CERT_FILE",
    "CLIENT_KEY_FILE",
)
_PROXIES: Final = ("https_proxy", "http_proxy", "all_proxy")


def _variables(environ: Mapping[str, str], settings: Settings | None) -> Iterator[Finding]:
    for variable in VARIABLES:
        for name in variable.names:
            if environ.get(name, "").strip().lower() not in variable.harmless:
                yield Finding(
                    level=variable.level, subject=name, text=variable.text, hint=variable.hint
                )
    for name in _FILES:
        given = environ.get(name)
        if given and not Path(given).exists():
            text = "There is no file at the path it names: nothing can be sent over https."
            yield Finding(level="problem", subject=name, text=text)
    is_secure = urlsplit((settings and settings.dsn) or "https:").scheme == "https"
    for name in _PROXIES[: 1 if is_secure else 2]:
        for spelt in (name, name.upper()):
            if environ.get(spelt):
                # Of its value the host alone: a password may stand before it.
                host = urlsplit(environ[spelt]).hostname or "one that can't be read"
                text = (
                    f"What is sent goes through the proxy {host}, unless no_proxy says otherwise."
                )
                yield Finding(level="note", subject=spelt, text=text)
                break


COMPANIONS: Final[Mapping[str, str]] = {
    "opentelemetry.exporter": "OpenTelemetry's exporters",
    "ddtrace": "Datadog",
    "newrelic": "New Relic",
    "elasticapm": "Elastic APM",
    "rollbar": "Rollbar",
    "bugsnag": "Bugsnag",
    "honeybadger": "Honeybadger",
    "raygun4py": "Raygun",
    "scout_apm": "Scout",
    "appsignal": "AppSignal",
    "logfire": "Logfire",
    "posthog": "PostHog",
}
"""Packages that send errors or traces on their own."""


def _companions() -> Iterator[Finding]:
    for module, name in COMPANIONS.items():
        if module in sys.modules:
            yield Finding(
                level="warning",
                subject=module,
                text=f"{name} is loaded, and sends on its own: nothing of that passes the gate.",
                hint="Telemetry promises nothing for what it sends.",
            )


SENDING_HANDLERS: Final = frozenset(
    ("SMTPHandler", "HTTPHandler", "SocketHandler", "DatagramHandler", "SysLogHandler")
)
"""Handlers of logging that send records to other machines, by the names of their classes."""


def _handlers() -> Iterator[Finding]:
    manager = logging.root.manager
    loggers = [
        logging.root,
        *(
            found
            for found in list(manager.loggerDict.values())
            if isinstance(found, logging.Logger)
        ),
    ]
    named = {
        (type(handler).__name__, logger.name)
        for logger in loggers
        for handler in logger.handlers
        if not _is_filtered(handler)
    }
    for kind, name in sorted(named):
        if kind in SENDING_HANDLERS:
            yield Finding(
                level="note",
                subject=kind,
                text=f"Sends what the logger {name} logs to another machine, unfiltered.",
                hint="Put telemetry_core.logging.TelemetryFilter on the handler.",
            )


def _is_filtered(handler: logging.Handler) -> bool:
    from telemetry_core.logging import FilteredFormatter, JsonFormatter, TelemetryFilter

    return any(isinstance(each, TelemetryFilter) for each in handler.filters) or isinstance(
        handler.formatter, FilteredFormatter | JsonFormatter
    )


_UWSGI: Final = re.compile(r"^\s*\[uwsgi\]", re.MULTILINE)
_THREADS: Final = re.compile(r"^\s*(?:enable-threads|threads)\s*=\s*+(?!false|0)", re.MULTILINE)


def _servers() -> Iterator[Finding]:
    """Look at the configuration of a uWSGI server: without threads nothing is ever sent."""
    for path in sorted(Path.cwd().glob("*.ini")):
        text = _text_of(path)
        if _UWSGI.search(text) and not _THREADS.search(text):
            yield Finding(
                level="problem",
                subject=path.name,
                text="uWSGI runs no threads, and what is captured is sent by one.",
                hint="Set enable-threads = true.",
            )
