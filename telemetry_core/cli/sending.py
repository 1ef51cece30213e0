"""Sends a test event as the application would, and explains the answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from telemetry_core.cli.application import Finding
from telemetry_core.config import TelemetryConfig
from telemetry_core.filter.pii import PIIFilter
from telemetry_core.settings import Settings

SECONDS: Final = 15.0
SUBJECT: Final = "test event"
MESSAGE: Final = "Test event of telemetry doctor"


def send_test_event(settings: Settings, *, timeout: float = SECONDS) -> Finding:
    """Send an event through the gate and the SDK's own transport, and say what came of it.

    Waits for the answer for at most ``timeout`` seconds. Nothing in what is returned holds the
    DSN's key.

    :raises telemetry_core.SettingsError: when telemetry can't be started with these settings.
    """
    if not settings.enabled:
        return _problem("None was sent: telemetry is off.", "Set TELEMETRY_ENABLED=true.")
    config = TelemetryConfig(replace(settings, debug=False))
    config.initialize(process_wide=False)
    try:
        answers = _Answers(config.client.transport)
        event = {"message": MESSAGE, "level": "info", "logger": "telemetry.doctor"}
        with _without_retries_logged():
            event_id = config.client.capture_event(event)
            config.flush(timeout)
    finally:
        config.shutdown(timeout=0)
    return _without_key(_explained(settings, event_id, answers, config), settings)


@contextmanager
def _without_retries_logged() -> Iterator[None]:
    """Keep urllib3 from logging each attempt to the screen on which the last is explained."""
    logger = logging.getLogger("urllib3.connectionpool")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


class _Answers:
    """Stands in front of the request of the SDK's HTTP transport, and keeps what came of it."""

    def __init__(self, transport: Any) -> None:
        self.response: Any = None
        self.error: BaseException | None = None
        self._send = getattr(transport, "_request", None)
        self.can_be_seen = self._send is not None
        if self._send is not None:
            transport._request = self._sent

    def _sent(self, *arguments: Any, **options: Any) -> Any:
        assert self._send is not None
        try:
            self.response = self._send(*arguments, **options)
        except Exception as error:
            self.error = error
            raise
        return self.response


def _explained(
    settings: Settings, event_id: str | None, answers: _Answers, config: TelemetryConfig
) -> Finding:
    host = urlsplit(settings.dsn or "").netloc.rpartition("@")[2]
    if event_id is None:
        return _problem(
            "The application's own options dropped it before it was sent.",
            "Look at before_send, sample_rate and ignore_errors in TELEMETRY_SENTRY_OPTIONS.",
        )
    if answers.response is not None:
        return _answered(answers.response, event_id, host, settings)
    if answers.error is not None:
        text, hint = explain_failure(answers.error, host)
        return _problem(text, hint)
    if not answers.can_be_seen:
        text = f"Handed over with the id {event_id}; the application's own transport doesn't tell"
        return Finding(level="note", subject=SUBJECT, text=f"{text} what came of it.")
    dropped = ", ".join(sorted(reason for reason, _ in config.drops.counts()))
    return _problem(
        f"It was not sent in time{f'; dropped for: {dropped}' if dropped else ''}.",
        f"Can {host} be reached from here?",
    )


ANSWERS: Final[Mapping[int, tuple[str, str]]] = {
    400: (
        "There is no such project, or the server can't read the event.",
        "Compare the number at the end of TELEMETRY_DSN with the project's settings.",
    ),
    401: (
        "The server doesn't take the key.",
        "Copy the DSN anew from the project's settings, under Client Keys.",
    ),
    403: (
        "The server doesn't take the key: it is wrong, switched off, or of another project.",
        "Copy the DSN anew from the project's settings, under Client Keys.",
    ),
    404: (
        "There is no such project, or no Sentry at this address.",
        "Compare host and number of TELEMETRY_DSN with the project's settings.",
    ),
    405: ("This is not Sentry.", "Compare the host of TELEMETRY_DSN with the project's settings."),
    407: ("The proxy asks for a name and a password.", "Put them into https_proxy."),
    413: (
        "Too large, even for a test event: a proxy in front of the server limits what it takes.",
        "Raise the proxy's limit; Sentry itself takes 20 MB.",
    ),
    429: (
        "The key is right, but the server takes no more for now: a quota or a limit is reached.",
        "Look at the project's quota; the SDK waits by itself and drops what comes meanwhile.",
    ),
}
"""What the statuses mean: https://develop.sentry.dev/sdk/overview/#http-response-codes"""


def _answered(response: Any, event_id: str, host: str, settings: Settings) -> Finding:
    status = int(response.status)
    moved = _redirected(response)
    if moved is not None:
        return _problem(
            f"{host} answered {moved[0]}, which sends us on to {moved[1]}.",
            "Put the address that it names into TELEMETRY_DSN.",
        )
    if 200 <= status < 300:
        if _id_in(response) != event_id:
            text = f"{host} answered {status}, but not as Sentry does: is it the right host?"
            return Finding(level="warning", subject=SUBJECT, text=text)
        return Finding(level="ok", subject=SUBJECT, text=f"{host} took it: {event_id}.")
    if status in ANSWERS:
        text, hint = ANSWERS[status]
    elif status >= 500:
        text, hint = "The server, or a proxy in front of it, is out of order.", "Try again later."
    else:
        text, hint = "Sentry doesn't answer so.", "Is there a proxy in front of it?"
    waits = _header(response, "Retry-After") if status == 429 else ""
    if waits.isdigit():
        text += f" It asks to wait {waits} s."
    says = PIIFilter.from_settings(settings).filter_string(_header(response, "X-Sentry-Error"))
    says = "".join(character for character in says[:200] if character.isprintable())
    return _problem(f"{host} answered {status}. {text}{f' It says: {says}' if says else ''}", hint)


def _redirected(response: Any) -> tuple[int, str] | None:
    """Return the status and the host of the last answer that sent us on, if one did."""
    moves = [
        (int(found.status), str(found.redirect_location))
        for found in getattr(getattr(response, "retries", None), "history", ())
        if found.redirect_location
    ]
    if 300 <= int(response.status) < 400:
        moves.append((int(response.status), _header(response, "Location")))
    if not moves:
        return None
    status, place = moves[-1]
    return status, urlsplit(place).netloc.rpartition("@")[2] or "another path"


def _id_in(response: Any) -> object:
    # As urllib3 calls the body, and as httpcore does.
    body: Any = getattr(response, "data", None) or getattr(response, "content", b"")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found.get("id") if isinstance(found, dict) else None


def _header(response: Any, name: str) -> str:
    # A mapping with urllib3, pairs of bytes with httpcore, which HTTP/2 is sent with.
    headers = response.headers
    if not hasattr(headers, "get"):
        headers = {key.decode("latin-1").title(): value.decode("latin-1") for key, value in headers}
    return str(headers.get(name) or headers.get(name.title()) or "")


FAILURES: Final[tuple[tuple[frozenset[str], str, str], ...]] = (
    (
        frozenset(("ProxyError", "SOCKSError")),
        "The proxy doesn't let us through to {host}.",
        "Look at https_proxy and no_proxy.",
    ),
    (
        frozenset(("ResponseError",)),
        "{host} sends us on without end.",
        "Compare the host of TELEMETRY_DSN with the project's settings.",
    ),
    (
        frozenset(("gaierror", "NameResolutionError")),
        "No address is known for {host}.",
        "Is the host of TELEMETRY_DSN spelt right, and can this machine look names up?",
    ),
    (
        frozenset(("SSLCertVerificationError", "CertificateError")),
        "The certificate of {host} is not to be trusted.",
        "For a server of your own, name its authority in SSL_CERT_FILE; is the clock right?",
    ),
    (
        frozenset(("SSLError",)),
        "{host} speaks no TLS that we understand.",
        "Does the server take https at this port?",
    ),
    (
        frozenset(("ConnectionRefusedError",)),
        "Nothing listens at {host}.",
        "Is the port of TELEMETRY_DSN right, and is the server running?",
    ),
    (
        frozenset(("TimeoutError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectTimeout")),
        "{host} doesn't answer in time.",
        "Does a firewall let this machine out?",
    ),
    (
        frozenset(("ProtocolError", "RemoteProtocolError", "ConnectionError", "IncompleteRead")),
        "{host} broke the connection off.",
        "Is there a proxy in front of it, or another kind of server at this port?",
    ),
    (
        frozenset(("OSError", "NewConnectionError", "ConnectError")),
        "This machine finds no way to {host}.",
        "Is it connected to the network?",
    ),
)
"""What errors mean, by the names of their classes, the most telling first."""


def explain_failure(error: BaseException, host: str) -> tuple[str, str]:
    """Return what went wrong on the way to ``host``, and what to do about it."""
    chain = list(_causes(error))
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    for kinds, text, hint in FAILURES:
        if kinds & names:
            reason = next(
                (each.verify_message for each in chain if hasattr(each, "verify_message")), ""
            )
            said = f" ({reason})" if reason and "certificate" in text else ""
            return text.format(host=host) + said, hint
    return f"Sending to {host} failed with {type(error).__name__}.", ""


def _causes(error: BaseException | None) -> Iterator[Any]:
    """Yield an error and those behind it: as Python chains them, and as urllib3 does."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        reason = getattr(each, "reason", None)
        waiting += [each.__cause__, each.__context__, reason, *each.args]


def _problem(text: str, hint: str) -> Finding:
    return Finding(level="problem", subject=SUBJECT, text=text, hint=hint)


def _without_key(finding: Finding, settings: Settings) -> Finding:
    """Return a finding in which whatever a server may have quoted of the key is gone."""
    dsn = urlsplit(settings.dsn or "")
    text = finding.text
    for secret in (dsn.username, dsn.password):
        if secret:
            text = text.replace(secret, "[key]")
    return replace(finding, text=text)
