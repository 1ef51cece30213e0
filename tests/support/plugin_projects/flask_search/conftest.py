"""A Flask application that has telemetry, and has it off in its tests."""

from __future__ import annotations

import pytest
from flask import Flask, request

from telemetry_flask import Telemetry


def create_app(**config):
    app = Flask(__name__)
    app.config.update(TELEMETRY_ENABLED=False, **config)
    Telemetry(app)

    @app.get("/search")
    def search():
        raise LookupError(
            f"nothing for {request.args['q']}, {request.user_agent}, {request.cookies}, "
            f"{request.headers.get('X-Forwarded-For')}, {request.referrer}"
        )

    return app


@pytest.fixture(scope="session")
def app():
    return create_app(PROPAGATE_EXCEPTIONS=False)
