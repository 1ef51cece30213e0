"""The SDK's clients: one that sends and never raises into the application, and a silent one."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from traceback import walk_tb
from types import TracebackType
from typing import TYPE_CHECKING, Any

import sentry_sdk
from sentry_sdk.integrations import DidNotEnable
from sentry_sdk.integrations.threading import ThreadingIntegration

from telemetry_core.drops import Drops
from telemetry_core.errors import Problem, SettingsError
from telemetry_core.transports import gated_object, gated_part

if TYPE_CHECKING:
    from telemetry_core.gate import Gate


class CalmClient(sentry_sdk.Client):
    """A client of the SDK that drops and counts an event at which the SDK fails.

    The SDK raises at events of the wrong shape, and hands on what a user's samplers, processors
    and hooks raise. Whoever captures something is told by the missing id at most.

    Whatever is put in the place of its transport stands behind the gate, too.

    :param drops: counts what was dropped.
    :param options: those of ``sentry_sdk.init``.
    :raises Exception: whatever the SDK raises at wrong options.
    """

    def __init__(self, drops: Drops, gate: Gate, **options: Any) -> None:
        self._drops = drops
        self._gate = gate
        super().__init__(**options)

    @property
    def transport(self) -> Any:
        """What the client sends by; None when it is closed."""
        return self._transport

    @transport.setter
    def transport(self, given: Any) -> None:
        if given is not None:
            # Of the SDK's printer of envelopes the part that it prints for, which is gated.
            given = gated_part(given, self._gate) or gated_object(given, self._gate)
        self._transport = given

    def capture_event(self, *args: Any, **kwargs: Any) -> str | None:
        """Capture an event; return its id, or None when nothing is sent. Never raises."""
        try:
            return super().capture_event(*args, **kwargs)
        except Exception as error:
            self._drops.count("capture_error", "event", error=error)
            return None


def silent_client() -> sentry_sdk.Client:
    """Make a client that sends nothing, for requests of which nothing may leave."""
    return sentry_sdk.Client(
        dsn="",
        spotlight=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        # It hands the silence on to threads that are started in the request.
        integrations=[ThreadingIntegration()],
    )


def speaking_client(
    options: Mapping[str, Any], instrument: Collection[str], drops: Drops, gate: Gate
) -> CalmClient:
    """Make a client that sends.

    :param options: those of ``sentry_sdk.init``.
    :param gate: stands before whatever the client sends by.
    :param instrument: names of integrations that must be switched on.
    :param drops: counts the events at which the SDK fails.
    :raises SettingsError: when the SDK can't switch on an integration that was asked for.
    """
    try:
        with warnings.catch_warnings():
            # Deprecated by newer SDKs; whoever gives it has been told by their documentation.
            warnings.filterwarnings("ignore", "The send_default_pii option", DeprecationWarning)
            client = CalmClient(drops, gate, **options)
    except (DidNotEnable, ImportError) as error:
        name = _integration_in(error.__traceback__)
        raise SettingsError([_missing(name, instrument, f"sentry-sdk says: {error}.")]) from error
    # The SDK tries each integration once in a process, and says nothing the second time.
    missing = [name for name in instrument if name not in client.integrations]
    if missing:
        client.close(timeout=0)
        hint = "sentry-sdk could not switch it on before."
        raise SettingsError([_missing(name, instrument, hint) for name in missing])
    return client


def _missing(name: str | None, instrument: Collection[str], hint: str) -> Problem:
    by_name = name in instrument
    return Problem(
        setting="TELEMETRY_INSTRUMENT" if by_name else "TELEMETRY_SENTRY_OPTIONS",
        allowed="integrations whose libraries are installed",
        got=repr(name) if name else "one whose library isn't",
        hint=hint,
    )


def _integration_in(traceback: TracebackType | None) -> str | None:
    """Return the name of the integration in which an exception was raised."""
    found = None
    for frame, _ in walk_tb(traceback):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("sentry_sdk.integrations."):
            found = module.split(".")[2]
    return found
