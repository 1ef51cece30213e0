"""The extension: ``init_app``, and what Flask calls in every request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from flask import Flask
from flask.signals import got_request_exception
from werkzeug.exceptions import HTTPException

from telemetry_core import TelemetryConfig, TelemetryError
from telemetry_core.boundary import let_pass
from telemetry_core.diversion import switches
from telemetry_core.loggers import ACCESS_LOGGERS, keep_out
from telemetry_core.process import initialize_application
from telemetry_core.settings import read_settings
from telemetry_flask import contexts, queries
from telemetry_flask.reference import show_reference
from telemetry_flask.wsgi import follow, followed_here, unfollow

EXTENSION = "telemetry"
"""The key in ``app.extensions``, where the application's `TelemetryConfig` is."""

# What these servers say of an error repeats what is reported, or is of middleware in front of the
# application; either way with the raw path, and outside the request, where nothing of it is known.
SERVERS = ("gunicorn.error", "waitress", "werkzeug")


class Telemetry:
    """Telemetry for one Flask application or more.

    Reads from ``app.config``, else from the environment: ``TELEMETRY_ENABLED``, ``_DSN``,
    ``_ENVIRONMENT``, ``_RELEASE``, ``_TRACES_SAMPLE_RATE``, ``_PROFILES_SAMPLE_RATE``,
    ``_ALLOW_FIELDS``, ``_DENY_FIELDS``, ``_ALLOW_HEADERS``, ``_SESSION_SCOPE``, ``_CONSENT``,
    ``_GPC``, ``_INSTRUMENT``, ``_SENTRY_OPTIONS``, ``_DETECTORS``.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Switch telemetry on for an application, if its settings enable it.

        :raises telemetry_core.SettingsError: with every problem there is in the settings.
        :raises telemetry_core.TelemetryError: when the application has telemetry already.
        """
        if EXTENSION in app.extensions:
            raise TelemetryError(
                "this Flask application has telemetry already: call either Telemetry(app) or "
                "telemetry.init_app(app), and only once"
            )
        # Flask answers these; they are no errors, whether telemetry is on or off.
        let_pass(HTTPException)
        settings = read_settings(app.config, framework_debug=app.debug)
        config = initialize_application(settings)
        app.extensions[EXTENSION] = config
        show_reference(app)
        _applications.add(app)
        if config.active:
            _connect(app, config)

    def instrument_sqlalchemy(self, *engines: Any) -> None:
        """Record the queries of SQLAlchemy engines in sampled requests.

        Flask-SQLAlchemy's engines are found without this. Statements leave without their literals,
        parameters never do. An engine that is given twice is recorded once.

        :param engines: ``Engine`` or ``AsyncEngine`` objects.
        """
        for engine in engines:
            queries.record(engine)


_applications: WeakSet[Flask] = WeakSet()


def _connect(app: Flask, config: TelemetryConfig) -> None:
    keep_out(*ACCESS_LOGGERS, *SERVERS)
    follow(app, config)
    contexts.keep_apart(app, config)
    got_request_exception.connect(_report, app)


@contextmanager
def _switched_on() -> Iterator[None]:
    """Switch telemetry on, while a test collects it, for the applications that have it off."""
    switched: dict[Flask, TelemetryConfig] = {}
    try:
        for app in tuple(_applications):
            own = app.extensions[EXTENSION]
            if not own.active:
                switched[app] = own
                app.extensions[EXTENSION] = config = initialize_application(own.settings)
                _connect(app, config)
        yield
    finally:
        for app, own in switched.items():
            app.extensions[EXTENSION] = own
            got_request_exception.disconnect(_report, app)
            unfollow(app)


switches.append(_switched_on)


def _report(_app: Flask, *, exception: BaseException, **_: object) -> None:
    telemetry = followed_here()
    if telemetry is not None:
        telemetry.capture(exception)
