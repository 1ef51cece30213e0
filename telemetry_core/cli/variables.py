"""What ``telemetry doctor`` says of the environment's variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from telemetry_core.cli.application import Finding, Level
from telemetry_core.settings import Settings


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


def variables(environ: Mapping[str, str], settings: Settings | None) -> Iterator[Finding]:
    """Yield what there is to say of an environment.

    :param settings: those of the application, where they can be read.
    """
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
