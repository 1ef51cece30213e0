"""Telemetry of this process: its own, which is one, and that of further applications in it."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Collection

import sentry_sdk

from telemetry_core.config import TelemetryConfig
from telemetry_core.diversion import gives_way, switched_on
from telemetry_core.drops import LOGGER_NAME
from telemetry_core.request import Request
from telemetry_core.settings import Settings, read_settings

_logger = logging.getLogger(LOGGER_NAME)

_lock = threading.Lock()
_config = TelemetryConfig()

_others: list[TelemetryConfig] = []
"""The telemetry of further applications in this process."""


def get_telemetry_config() -> TelemetryConfig:
    """Return the process's telemetry. Inactive until `initialize_telemetry` enables it."""
    return _config


def telemetry_config_of(request: Request | None) -> TelemetryConfig:
    """Return a request's telemetry; of no request, that of this context's application."""
    if request is not None:
        return request.config
    if _others:
        client = sentry_sdk.get_client()
        for config in _others:
            if config.client is client:
                return config
    return _config


def initialize_telemetry(
    *,
    dsn: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    enabled: bool | None = None,
    settings: Settings | None = None,
    **others: object,
) -> TelemetryConfig:
    """Switch telemetry on for this process, if ``enabled``, and return it.

    Whatever is not given comes from the environment (``TELEMETRY_DSN``, ...), else from the
    defaults. Other settings are given by their names without the prefix, in lower case:
    ``traces_sample_rate=0.2``. When telemetry is on already, that stays as it is.

    :param settings: settings that were read already, in place of all others.
    :raises SettingsError: with every problem there is in the settings.
    """
    global _config  # noqa: PLW0603  # the one instance of the process
    if settings is None:
        given = {"dsn": dsn, "environment": environment, "release": release, "enabled": enabled}
        settings = read_settings(
            {f"TELEMETRY_{name.upper()}": value for name, value in {**given, **others}.items()}
        )
    settings = switched_on(settings)
    with _lock:
        if gives_way(_config, settings):
            _config.shutdown(timeout=0)
        if _config.active:
            if settings != _config.settings:
                _logger.warning("telemetry is on already; other settings were not taken")
            return _config
        config = TelemetryConfig(settings)
        config.initialize()
        _config = config
        return config


def running_telemetry() -> list[TelemetryConfig]:
    """Return all telemetry that is on in this process: its own, and that of further applications.

    Each once, the process's own first.
    """
    with _lock:
        return [config for config in (_config, *_others) if config.active]


def stop_telemetry(configs: Collection[TelemetryConfig]) -> None:
    """Switch off some of the telemetry that is on. What is still waiting is not sent."""
    global _config  # noqa: PLW0603  # the one instance of the process
    with _lock:
        if _config in configs:
            _config = TelemetryConfig()
        _others[:] = [config for config in _others if config not in configs]
    for config in configs:
        config.shutdown(timeout=0)


def initialize_application(settings: Settings) -> TelemetryConfig:
    """Switch telemetry on for one application of several in a process, and return it.

    The first one's is the process's. Another with the same settings shares it; one with settings of
    its own gets its own client, bound to its requests alone.
    """
    settings = switched_on(settings)
    if not settings.enabled:
        return TelemetryConfig(settings)
    if not _config.active or gives_way(_config, settings) or _config.settings == settings:
        return initialize_telemetry(settings=settings)
    config = TelemetryConfig(settings)
    config.initialize(process_wide=False)
    with _lock:
        if not _others:
            # The SDK flushes the process's client at exit, and knows of no other.
            atexit.register(_shutdown_others)
        _others.append(config)
    return config


def _shutdown_others(timeout: float = 2.0) -> None:
    with _lock:
        others = _others.copy()
        _others.clear()
    for config in others:
        config.shutdown(timeout)


def shutdown_telemetry(timeout: float = 2.0) -> None:
    """Send what is waiting, for at most ``timeout`` seconds a client, and switch telemetry off.

    That of all applications in the process. Tests call it to begin anew: the next
    `initialize_telemetry` makes a new instance.
    """
    global _config  # the one instance of the process
    with _lock:
        config, _config = _config, TelemetryConfig()
    config.shutdown(timeout)
    _shutdown_others(timeout)
