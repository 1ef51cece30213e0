"""A Flask application, as the verbs of ``telemetry`` see it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.cli import ScriptInfo

from telemetry_core import SettingsError
from telemetry_core.cli.application import Application, Finding
from telemetry_core.settings import Settings, read_settings
from telemetry_core.versions import version_of
from telemetry_flask.extension import EXTENSION

FOUND = "the application that flask finds"
"""The name of one that the user has not named."""


def load(name: str) -> Application:
    """Load the application that ``flask --app NAME`` would load.

    Wrong ``TELEMETRY_`` settings don't stop it; whatever else goes wrong raises as Flask does.
    """
    return current(ScriptInfo(app_import_path=name))


def current(script: ScriptInfo) -> Application:
    """Return the application of a run of ``flask``."""
    name = script.app_import_path or FOUND
    try:
        app = script.load_app()
    except SettingsError as error:
        return _application(name, None, _raising(error))
    return _application(name, app, lambda: _settings(app))


def _application(name: str, app: Flask | None, settings: Callable[[], Settings]) -> Application:
    given = app.config if app is not None else {}
    return Application(
        name=name,
        framework="Flask",
        version=version_of("flask"),
        adapter="telemetry_flask",
        target=app,
        given={key: value for key, value in given.items() if key.startswith("TELEMETRY_")},
        settings=settings,
        findings=lambda: _findings(app) if app is not None else (),
    )


def _settings(app: Flask) -> Settings:
    config = app.extensions.get(EXTENSION)
    if config is not None:
        settings: Settings = config.settings
        return settings
    return read_settings(app.config, framework_debug=app.debug)


def _raising(error: SettingsError) -> Callable[[], Settings]:
    def settings() -> Settings:
        raise error

    return settings


def _findings(app: Flask) -> list[Finding]:
    if EXTENSION in app.extensions:
        text = "The application has the extension."
        return [Finding(level="ok", subject="app.extensions", text=text)]
    return [
        Finding(
            level="problem",
            subject="app.extensions",
            text="Telemetry never starts: the extension is missing.",
            hint="Call telemetry_flask.Telemetry(app), or telemetry.init_app(app) in the factory.",
        )
    ]
