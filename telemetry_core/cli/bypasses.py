"""What in a process sends past the gate, as far as ``telemetry doctor`` can see."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import sentry_sdk

from telemetry_core.cli.application import Finding
from telemetry_core.cli.sources import sources_below, text_of
from telemetry_core.hooks import TelemetryIntegration
from telemetry_core.process import get_telemetry_config


def bypasses() -> Iterator[Finding]:
    """Yield other clients of the SDK, calls that would make one, and what else sends."""
    yield from _clients()
    yield from _calls_of_init()
    yield from _companions()
    yield from _handlers()


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


_INIT: Final = re.compile(r"^[^#\n]*\bsentry_sdk\.init\(", re.MULTILINE)


def _calls_of_init() -> Iterator[Finding]:
    """Look for calls in the source of what was loaded from below the current folder."""
    folder = Path.cwd()
    for path in sorted(set(sources_below(folder))):
        source = text_of(path)
        for found in _INIT.finditer(source):
            line = source.count("\n", 0, found.end()) + 1
            yield Finding(
                level="warning",
                subject="sentry_sdk.init()",
                text=f"{path.relative_to(folder)}:{line} calls it. Whatever comes second takes the"
                " place of what came first.",
                hint="Take the call out; pass its options in TELEMETRY_SENTRY_OPTIONS.",
            )


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
