"""Telemetry with its settings: switched on, used from everywhere, shut down at the end."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import sentry_sdk
from sentry_sdk.client import BaseClient

from telemetry_core.circumstances import circumstances
from telemetry_core.client import silent_client, speaking_client
from telemetry_core.consent import Permission
from telemetry_core.diversion import diverted
from telemetry_core.drops import LOGGER_NAME, Drops
from telemetry_core.failures import capture_exception
from telemetry_core.filter.pii import PIIFilter
from telemetry_core.gate import Gate
from telemetry_core.hooks import TelemetryIntegration
from telemetry_core.loggers import pass_over_reported
from telemetry_core.measures import Measures
from telemetry_core.options import build_options
from telemetry_core.outcomes import Outcomes
from telemetry_core.request import current_request
from telemetry_core.session import get_session_manager
from telemetry_core.settings import Settings
from telemetry_core.strangers import gate_strangers, release_strangers

_logger = logging.getLogger(LOGGER_NAME)

T = TypeVar("T")

Level = Literal["fatal", "critical", "error", "warning", "info", "debug"]


class TelemetryConfig:
    """Telemetry with its settings. Does nothing at all until it is initialised with them enabled.

    None of its methods raises at run time, except for settings that are wrong, whatever they are
    given. All of what they are given passes the gate of these settings, also where something else
    has made itself the SDK's client.
    """

    def __init__(
        self, settings: Settings | None = None, *, pii_filter: PIIFilter | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.drops = Drops()
        self.filter = pii_filter or PIIFilter.from_settings(self.settings)
        self.gate = Gate(policy=self.filter.policy, drops=self.drops, circumstances=circumstances)
        self._client: BaseClient | None = None
        self._quiet: BaseClient | None = None
        self._lock = threading.Lock()
        self._noticed = False  # that another client took our place
        self.traces = False
        self.traces_sample_rate: float | None = None
        self.outcomes: Outcomes | None = None
        self.measures: Measures | None = None

    @property
    def active(self) -> bool:
        """Whether telemetry is on: enabled, initialised and not shut down."""
        return self._client is not None

    @property
    def enabled(self) -> bool:
        """Whether the settings switch it on."""
        return self.settings.enabled

    @property
    def environment(self) -> str:
        """The environment, given or detected."""
        return self.settings.environment

    @property
    def release(self) -> str | None:
        """The release, given or detected."""
        return self.settings.release

    def initialize(self, *, process_wide: bool = True) -> None:
        """Start telemetry if the settings enable it. Doing so twice changes nothing.

        :param process_wide: make this the client that ``sentry_sdk`` uses everywhere. A second
            application in the process has one of its own, bound to its requests alone.
        :raises SettingsError: when an option would go around the gate or an integration is missing.
        """
        with self._lock:
            if self._client is not None or not self.settings.enabled:
                return
            options = build_options(self.settings, self.gate)
            # First the silent one: the process's profiler is that of the client that was made last.
            self._quiet = silent_client()
            client = speaking_client(options, self.settings.instrument, self.drops, self.gate)
            diverted(client, self.gate)
            pass_over_reported(client.get_integration("logging"))
            sampler = client.options.get("traces_sampler")
            rate = client.options.get("traces_sample_rate")
            self.traces = bool(rate) or callable(sampler)
            # Of streamed spans the SDK decides itself which are recorded.
            decides = callable(sampler) or client.options.get("trace_lifecycle") == "stream"
            self.traces_sample_rate = None if decides else rate
            if "celery" in self.settings.instrument:
                from telemetry_core.jobs import connect_celery

                connect_celery()
            if client.options.get("auto_session_tracking") and self.release:
                self.outcomes = Outcomes(client, release=self.release, environment=self.environment)
            if Measures.are_known():
                self.measures = Measures(client, self.drops)
            self._client = client
            if process_wide:
                # What sentry_sdk.init() does, but only now that the gate is where it belongs.
                scope = sentry_sdk.Scope.get_global_scope()
                if scope.client is not None and scope.client.is_active():
                    _logger.warning("telemetry takes the place of a client of sentry_sdk.init()")
                gate_strangers(self.gate)
                scope.set_client(client)

    def shutdown(self, timeout: float = 2.0) -> None:
        """Send what is waiting, for at most ``timeout`` seconds, and stop. Never raises."""
        with self._lock:
            client, self._client = self._client, None
            self.traces = False
            measures, self.measures = self.measures, None
        if client is None:
            return
        release_strangers(self.gate)
        if measures is not None:
            measures.close()
        try:
            self._close(client, timeout)
        finally:
            scope = sentry_sdk.Scope.get_global_scope()
            if scope.client is client:
                scope.set_client(None)

    def _close(self, client: Any, timeout: float) -> None:
        for seconds in (timeout, 0.0):
            try:
                client.close(timeout=seconds)
                return
            except Exception as error:
                # What fails to be sent is no reason to leave threads behind.
                self.drops.count("shutdown_error", "client", error=error)

    def flush(self, timeout: float = 2.0) -> None:
        """Wait for at most ``timeout`` seconds until what was captured has been sent."""
        client = self._client
        if client is None:
            return
        if self.measures is not None:
            self.measures.flush()
        try:
            client.flush(timeout=timeout)
        except Exception as error:
            self.drops.count("flush_error", "client", error=error)

    def client_for(self, permission: Permission) -> Any:
        """Return the client to bind to a request: a silent one where nothing may leave.

        None when telemetry is off: then the request is not ours to speak for.
        """
        if permission is Permission.NONE:
            return self._quiet
        client = self._client
        if client is not None and not self._noticed:
            self._notice_other_client(client)
        return client

    @property
    def client(self) -> Any:
        """The SDK's client; None unless telemetry is on."""
        return self._client

    @property
    def client_options(self) -> dict[str, Any]:
        """The SDK's resolved options; empty before `initialize`."""
        return dict(self._client.options) if self._client is not None else {}

    def _notice_other_client(self, client: Any) -> None:
        current = sentry_sdk.Scope.get_global_scope().client
        if current is client or (
            current is not None and current.get_integration(TelemetryIntegration) is not None
        ):
            return
        with self._lock:
            if self._noticed or self._client is not client:
                return
            self._noticed = True
        has_dsn = bool((getattr(current, "options", None) or {}).get("dsn"))
        self.drops.count("client_replaced", "client")
        _logger.warning(
            "the SDK's process-wide client is no longer telemetry's but %s: something called "
            "sentry_sdk.init(). What is captured outside requests is sent by that one.",
            "another with a DSN" if has_dsn else "none",
        )

    def capture_exception(
        self, error: BaseException | None = None, *, handled: bool = True
    ) -> str | None:
        """Report an exception, or the one being handled; return the event's id, or None.

        None means that nothing is sent: telemetry is off, the visitor has not consented, the same
        exception was reported before, or there is none.

        :param handled: whether the program has dealt with it.
        """

        def capture() -> str | None:
            given = error if error is not None else sys.exc_info()[1]
            return capture_exception(self, given, handled=handled) if given is not None else None

        return self._do("event", capture)

    def capture_message(self, message: str, level: Level = "info") -> str | None:
        """Report a message; return the event's id, or None when nothing is sent."""

        def capture() -> str | None:
            text = message if isinstance(message, str) else str(message)
            return sentry_sdk.capture_message(text, level)

        return self._do("event", capture)

    def set_user_context(self, session_id: str | None = None) -> None:
        """Continue a session by its id, such as one handed on to a job; the current one if None.

        Only an id that `SessionManager` made is taken, so that nobody's name or number can pass for
        one; anything else is dropped and counted.
        """
        if session_id is not None and not get_session_manager().continue_session(session_id):
            self.drops.count("no_session_id", "user")

    def set_tag(self, key: str, value: object) -> None:
        """Tag what is captured from here on in this context; with None, take the tag off."""

        def set_it() -> None:
            name = _plain(key)
            if value is None:
                sentry_sdk.get_isolation_scope().remove_tag(name)
                return
            for filtered_name, filtered in self.filter.filter_dict({name: value}).items():
                sentry_sdk.set_tag(filtered_name, filtered)

        self._do("tags", set_it)

    def set_context(self, name: str, context: Mapping[str, object]) -> None:
        """Give details to what is captured from here on in this context."""
        self._do(
            "contexts",
            lambda: sentry_sdk.set_context(_plain(name), self.filter.filter_dict(context)),
        )

    def _do(self, kind: str, work: Callable[[], T]) -> T | None:
        """Do something with the SDK if telemetry is on, and count what goes wrong."""
        client = self._client
        if client is None:
            return None
        try:
            with self._speaking(client):
                return work()
        except Exception as failure:
            self.drops.count("capture_error", kind, error=failure)
            return None

    @contextmanager
    def _speaking(self, client: Any) -> Iterator[None]:
        """Make ``client`` the one that speaks, unless a request's consent keeps it silent."""
        request = current_request()
        speaking = sentry_sdk.get_client()
        if (
            speaking is client
            or speaking is self._quiet
            or (request is not None and request.permission is Permission.NONE)
        ):
            yield
            return
        if not self._noticed:
            self._notice_other_client(client)
        with sentry_sdk.new_scope() as scope:
            scope.set_client(client)
            yield


def _plain(name: str) -> str:
    """Return a name that can't fail later: one bad name in a scope spoils every event after it."""
    return str.__str__(name)
