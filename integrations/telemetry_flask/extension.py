"""The extension: wraps an application so that each request is begun, ended and followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, g, request
from flask.signals import got_request_exception, request_finished
from flask.wrappers import Response

from telemetry_core import TelemetryConfig, TelemetryError
from telemetry_core.config import initialize_application
from telemetry_core.loggers import repeat_what_is_reported
from telemetry_core.request import Request, current_request
from telemetry_core.settings import read_settings
from telemetry_core.streaming import Stream
from telemetry_flask.facts import FlaskFacts

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

EXTENSION = "telemetry"
"""The key in ``app.extensions``, where the application's `TelemetryConfig` is."""

FACTS = "telemetry.facts"
"""The key in a request's environ, where what is known of it is."""


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
        settings = read_settings(app.config, framework_debug=app.debug)
        config = initialize_application(settings)
        app.extensions[EXTENSION] = config
        if not config.active:
            return
        repeat_what_is_reported("werkzeug")
        app.wsgi_app = _Followed(app.wsgi_app, config)  # type: ignore[method-assign]  # Flask's way
        # Before all others, so that each of them can show the reference code.
        app.before_request_funcs.setdefault(None, []).insert(0, _show_session)
        got_request_exception.connect(_report, app)
        request_finished.connect(_note_response, app)


class _Followed:
    """The application as the server calls it, with telemetry around."""

    def __init__(self, wsgi_app: WSGIApp, config: TelemetryConfig) -> None:
        self._wsgi_app = wsgi_app
        self._config = config

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        facts = environ[FACTS] = FlaskFacts(environ)
        telemetry = Request(self._config, facts)
        telemetry.enter()
        try:
            body = self._wsgi_app(environ, start_response)
            if facts.globals is not None:
                return Stream(telemetry, iter(body))
            telemetry.finish()
            return body
        except Exception as error:
            # Not the view's, which the signal tells of: raised by a teardown, or in front of Flask.
            telemetry.capture(error)
            telemetry.finish()
            raise
        finally:
            telemetry.leave()


def _show_session() -> None:
    telemetry = current_request()
    g.telemetry_session_id = telemetry.session_id if telemetry is not None else None


def _report(_app: Flask, *, exception: BaseException, **_: object) -> None:
    telemetry = current_request()
    if telemetry is not None:
        telemetry.capture(exception)


def _note_response(_app: Flask, *, response: Response, **_: object) -> None:
    telemetry = current_request()
    if telemetry is None:
        return
    telemetry.set_status(response.status_code)
    if response.is_streamed:
        request.environ[FACTS].globals = g._get_current_object()
