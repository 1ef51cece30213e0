"""The application in Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, g, request

from hostile_apps import shop
from telemetry_flask import Telemetry


def _values(name: str) -> list[Any]:
    headers = [request.headers.get(header) for header in ("X-Name", "User-Agent")]
    values: list[Any] = [name, list(request.args.lists()), dict(request.cookies), headers]
    values.append(request.get_json() if request.is_json else list(request.form.lists()))
    return values


def make(*, asynchronous: bool) -> Callable[..., Any]:
    """Return the application."""
    app = Flask("flask_shop")
    app.config.update(shop.settings())
    Telemetry(app)
    shop.began()

    @app.before_request
    def log_in() -> None:
        g.user = shop.MEMBER

    @app.route("/orders/<path:name>/", methods=["GET", "POST"])
    def order(name: str) -> str:
        shop.serve(_values(name))
        return "never"

    @app.route("/aorders/<path:name>/", methods=["GET", "POST"])
    async def aorder(name: str) -> str:
        shop.serve(_values(name))
        return "never"

    @app.route("/streams/<path:name>/", methods=["GET", "POST"])
    def stream(name: str) -> Any:
        values = _values(name)

        def pieces() -> Any:
            yield b"one"
            shop.serve(values)

        return pieces()

    @app.route("/fine/<path:name>/", methods=["GET", "POST"])
    def fine(name: str) -> str:
        return "fine"

    @app.route("/calls/<path:name>/", methods=["POST"])
    def call(name: str) -> str:
        return shop.call(request.headers["X-Url"])

    return app
