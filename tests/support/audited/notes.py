"""Flask applications with blueprints and SQLAlchemy, sound and with holes."""

from __future__ import annotations

import logging
import os
import urllib.request
from contextlib import suppress
from functools import partial
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any

import sentry_sdk
from flask import Blueprint, Flask, request
from flask_login import LoginManager, current_user
from flask_sqlalchemy import SQLAlchemy
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import HttpTransport, Transport
from sqlalchemy import text
from werkzeug.utils import secure_filename

from telemetry_flask import Telemetry

people = Blueprint("people", __name__, url_prefix="/people")
logger = logging.getLogger(__name__)
database = SQLAlchemy()


@people.get("/<email>/")
def show(email: str) -> str:
    logger.error("%s looks at %s", getattr(current_user, "email", None), email)
    return str(int(request.args["phone"]))


@people.post("/")
def add() -> str:
    query = text("INSERT INTO person VALUES (:name)")
    database.session.execute(query, {"name": request.form["name"]})
    database.session.commit()
    return '<form method="post"><input name="name"></form>'


@people.post("/photo/")
def keep() -> str:
    photo = request.files["photo"]
    name = secure_filename(str(photo.filename))
    photo.save(Path(os.environ.get("PHOTOS", ".")) / name)
    logger.error("stored %s", name)
    return (
        '<form method="post" enctype="multipart/form-data"><input type="file" name="photo"></form>'
    )


def create_app(**config: Any) -> Flask:
    """Return a sound application."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="only-for-tests", **config)
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", "sqlite:///:memory:")
    database.init_app(app)
    LoginManager(app).user_loader(lambda _id: None)
    Telemetry(app)
    app.register_blueprint(people)
    return app


def around_the_gate() -> Flask:
    """Return one that puts a transport of its own in the place of the gate."""
    app = create_app()
    client: Any = sentry_sdk.get_client()
    # Past the property, which would put it behind the gate.
    client._transport = HttpTransport(client.options)
    logger.addHandler(SysLogHandler(("logs.example", 514)))
    return app


def without_phones() -> Flask:
    """Return one that switches a detector off, has a database file and calls another host."""
    app = create_app(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['PEOPLE_DATABASE']}",
        TELEMETRY_DETECTORS={"phone_international": False},
    )

    @app.get("/call")
    def call() -> str:
        return str(urllib.request.urlopen("http://collector.example/", timeout=1).status)

    return app


def on_a_server() -> Flask:
    """Return one whose database is where the environment says."""
    return create_app(SQLALCHEMY_DATABASE_URI=os.environ["AUDITED_DATABASE"])


class OtherTransport(Transport):
    """Sends to a host of its own, whatever the DSN says, as with any client of HTTP."""

    def capture_envelope(self, envelope: Envelope) -> None:
        send = partial(urllib.request.urlopen, data=envelope.serialize(), timeout=1)
        with suppress(OSError):
            send("http://relay.example/")


def to_another_host() -> Flask:
    """Return one whose client sends elsewhere."""
    app = create_app()
    client: Any = sentry_sdk.get_client()
    client.transport = OtherTransport()
    return app


def silent() -> Flask:
    """Return one without telemetry."""
    return Flask(__name__)


def broken() -> Flask:
    """Fail to return one."""
    raise LookupError("no such setting")
