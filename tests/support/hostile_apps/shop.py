"""What both applications do, whatever their framework: read the request, tell the SDK, fail."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import sentry_sdk

from hostile_apps import recording


@dataclass(frozen=True)
class Member:
    """Who is logged in, as a database has it."""

    username: str
    email: str
    first_name: str
    last_name: str
    pk: int = 4711
    is_authenticated: bool = True

    def get_username(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


GIVEN: dict[str, Any] = json.loads(os.environ["HOSTILE"])
"""What the test gives: dsn, member, personal, integrations, options, settings, second."""

MEMBER = Member(
    **GIVEN.get("member", {"username": "", "email": "", "first_name": "", "last_name": ""})
)


def settings() -> dict[str, Any]:
    """Return the ``TELEMETRY_`` settings: everything on that would collect more."""
    options = recording.options(GIVEN["personal"], GIVEN.get("options", {}))
    options["integrations"] = [
        *options["integrations"],
        *(_integration(name) for name in GIVEN.get("integrations", ())),
    ]
    return {
        "TELEMETRY_ENABLED": True,
        "TELEMETRY_DSN": GIVEN["dsn"],
        "TELEMETRY_ENVIRONMENT": "testing",
        "TELEMETRY_RELEASE": "shop@1.2.3",
        "TELEMETRY_TRACES_SAMPLE_RATE": 1.0,
        "TELEMETRY_PROFILES_SAMPLE_RATE": 1.0,
        "TELEMETRY_SENTRY_OPTIONS": options,
        **GIVEN.get("settings", {}),
    }


def _integration(name: str) -> Any:
    if name == "django":
        from sentry_sdk.integrations.django import DjangoIntegration

        return DjangoIntegration(middleware_spans=True, signals_spans=True, cache_spans=True)
    if name == "flask":
        from sentry_sdk.integrations.flask import FlaskIntegration

        return FlaskIntegration()
    from sentry_sdk.integrations.stdlib import StdlibIntegration

    return StdlibIntegration()


def began() -> None:
    """Do what something else in the process does once all is set up."""
    # What the application says on the console is its own business; here it would hide ours.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger("telemetry_core").addHandler(logging.StreamHandler())
    if "second" in GIVEN:
        sentry_sdk.init(**GIVEN["second"])


def permits(request: Any) -> bool:
    """Tell whether the visitor has consented."""
    return "X-Refuses" not in request.headers


def texts_in(values: Iterable[Any]) -> Iterator[str]:
    """Yield what a visitor wrote, as an application would read it."""
    for value in values:
        if isinstance(value, dict):
            yield from texts_in(value.values())
        elif isinstance(value, list | tuple):
            yield from texts_in(value)
        elif value:
            yield unquote(str(value))


def serve(values: Iterable[Any]) -> None:
    """Tell the SDK of a visitor in every way, and fail.

    :raises CheckoutError: always, with all there is in its message.
    """
    texts = list(dict.fromkeys(texts_in(values)))
    text = " and ".join(texts)
    recording.fail_on_errors()
    recording.everything(text)
    sentry_sdk.get_isolation_scope().clear_breadcrumbs()
    recording.steps(text)
    sentry_sdk.set_user({"email": MEMBER.email, "username": MEMBER.username})
    recording.events(MEMBER.get_full_name())
    recording.attachments(text)
    local = {"secret": texts}
    raise recording.CheckoutError(f"no checkout for {', '.join(local['secret'])} by {MEMBER}")


def call(url: str) -> str:
    """Ask another host, as an application does that needs its answer."""
    from urllib.request import urlopen

    with urlopen(url, timeout=60) as answer:
        return str(answer.status)
