"""Notes that are kept, found, exported and shared."""

from __future__ import annotations

import logging.config
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from flask_notes import api, auth, csrf, database, errors, filters, notes, reminders, timezones
from telemetry_flask import Telemetry

telemetry = Telemetry()

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # Both leave out what is personal, with telemetry switched off, too.
    "formatters": {
        "json": {"()": "telemetry_core.logging.JsonFormatter"},
        "readable": {"()": "telemetry_core.logging.ReadableFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": os.environ.get("NOTES_LOG", "json"),
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application; ``config`` overrides what the environment says."""
    logging.config.dictConfig(LOGGING)
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        # A key that anyone can read is fine for a demo on this machine, and nowhere else.
        SECRET_KEY=os.environ.get("NOTES_SECRET_KEY", "insecure-key-of-the-demo-notes"),
        DATABASE=os.environ.get("NOTES_DATABASE", str(Path(app.instance_path, "notes.sqlite3"))),
        # The service that sends mail; with no URL nothing is sent.
        MAIL_URL=os.environ.get("NOTES_MAIL_URL", ""),
        MAIL_TIMEOUT=2.0,
    )
    app.config.from_mapping(config or {})
    # TELEMETRY_ENABLED, TELEMETRY_DSN and the other TELEMETRY_ settings come from the
    # environment or the configuration above; with none of them set, telemetry is off.
    telemetry.init_app(app)

    for module in (database, csrf, auth, timezones, filters, errors, reminders):
        module.init_app(app)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(notes.blueprint)
    app.register_blueprint(api.blueprint)
    return app
