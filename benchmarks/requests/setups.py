"""What is compared: no SDK, this project, and what sentry-sdk switches on by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

DSN = "http://c0113c70c0113c70c0113c70c0113c70@127.0.0.1:9/1"

FRAMEWORKS = ("Flask", "Django")
PATHS = ("/hello/7/", "/error/7/")
"""A view that answers, and one that raises."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Whose telemetry is on, and how many requests of a hundred are traced."""

    who: str
    percent: int = 0

    @property
    def rate(self) -> float:
        """As ``traces_sample_rate``."""
        return self.percent / 100

    def __str__(self) -> str:
        return f"{self.who}-{self.percent}"


NONE = Setup("none")
SETUPS = (
    NONE,
    *(Setup(who, percent) for percent in (0, 10, 100) for who in ("ours", "theirs")),
)


def settings(setup: Setup, transport: type[Any]) -> dict[str, Any]:
    """Return what the application is configured with to have this project's telemetry."""
    return {
        "TELEMETRY_ENABLED": True,
        "TELEMETRY_DSN": DSN,
        "TELEMETRY_ENVIRONMENT": "production",
        "TELEMETRY_RELEASE": "shop@1.2.3",
        "TELEMETRY_TRACES_SAMPLE_RATE": setup.rate,
        "TELEMETRY_PROFILES_SAMPLE_RATE": 0.0,
        "TELEMETRY_SENTRY_OPTIONS": {"transport": transport},
    }


def initialize_theirs(setup: Setup, transport: type[Any]) -> None:
    """Do what sentry-sdk's documentation says, and nothing else."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=DSN,
        environment="production",
        release="shop@1.2.3",
        traces_sample_rate=setup.rate or None,
        transport=transport,
    )


def forget_environment() -> None:
    """Let no variable of whoever runs this change what is compared."""
    for name in list(os.environ):
        if name.startswith(("SENTRY_", "TELEMETRY_")):
            del os.environ[name]


def nowhere() -> type[Any]:
    """Return a transport that throws away what it gets: a sender's thread is not the request's."""
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:  # noqa: ARG002
            return None

    return Nowhere


def written() -> type[Any]:
    """Return a transport that does all that the SDK's does on its thread, but for the sending."""
    from gzip import compress

    from sentry_sdk.transport import Transport
    from sentry_sdk.worker import BackgroundWorker

    class Written(Transport):
        def __init__(self, options: Any = None) -> None:
            super().__init__(options)
            self._worker = BackgroundWorker()

        def capture_envelope(self, envelope: Any) -> None:
            self._worker.submit(lambda: compress(envelope.serialize()))

    return Written
