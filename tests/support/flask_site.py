"""A Flask site that fails in every way there is, chosen by the query: ``?fail=before``.

Telemetry's own settings come from the environment or from each test. ``flask --app flask_site``,
``gunicorn flask_site:app`` and the like serve it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import click
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    g,
    jsonify,
    render_template_string,
    request,
    send_file,
    session,
    stream_with_context,
)
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from telemetry_flask import Telemetry

TEMPLATES = {
    "broken.html": "hello {{ fail() }}",
    "500.html": "<code>{{ telemetry_session_id }}</code> <code>{{ g.telemetry_session_id }}</code>",
}


class Refused(Exception):
    """An error that the site handles."""


def create_app(**settings: Any) -> Flask:
    """Make the site, with telemetry as the settings have it."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="only-for-tests", **settings)
    Telemetry(app)
    _add_views(app)
    _add_hooks(app)
    app.register_blueprint(_blueprint())
    app.cli.add_command(fail_command)
    return app


def fail_at(place: str, name: str | None = None) -> None:
    """Fail if the request asks for a failure at this place."""
    if request.args.get("fail") == place:
        raise ValueError(f"no {name or request.args.get('name')}")


def _add_views(app: Flask) -> None:
    @app.route("/sync/<name>", methods=["GET", "POST", "PUT"])
    def sync(name: str) -> str:
        raise ValueError(f"no {name}")

    @app.get("/async/<name>")
    async def asynchronous(name: str) -> str:
        raise ValueError(f"no {name}")

    class View(MethodView):
        def get(self, name: str) -> str:
            raise ValueError(f"no {name}")

    app.add_url_rule("/class/<name>", view_func=View.as_view("class"))

    @app.get("/template/<name>")
    def template(name: str) -> str:
        def fail() -> str:
            raise ValueError(f"no {name}")

        return render_template_string(TEMPLATES["broken.html"], fail=fail)

    @app.get("/ok/<name>")
    def ok(name: str) -> str:
        return "ok"

    @app.get("/reference")
    def reference() -> ResponseReturnValue:
        return jsonify(
            attribute=g.telemetry_session_id,
            got=g.get("telemetry_session_id"),
            template=render_template_string("{{ telemetry_session_id }}"),
        )

    @app.get("/exit/<name>")
    def leave(name: str) -> str:
        raise SystemExit(1)

    @app.get("/chained/<name>")
    def chained(name: str) -> str:
        try:
            raise KeyError(name)
        except KeyError as error:
            raise ValueError(f"no {name}") from error

    @app.get("/stream/<name>")
    def stream(name: str) -> Response:
        def pieces() -> Iterator[str]:
            yield "one"
            raise ValueError(f"no {name}")

        return Response(pieces())

    @app.get("/stream-in-context/<name>")
    def stream_in_context(name: str) -> Response:
        def pieces() -> Iterator[str]:
            yield "one"
            raise ValueError(f"no {request.view_args['name']}")  # type: ignore[index]

        return Response(stream_with_context(pieces()))

    @app.get("/stream-at-once/<name>")
    def stream_at_once(name: str) -> Response:
        def pieces() -> Iterator[str]:
            raise ValueError(f"no {name}")
            yield "one"

        return Response(pieces())

    @app.get("/numbers/<name>")
    def numbers(name: str) -> Response:
        return Response(str(number) for number in range(3))

    @app.get("/on-close/<name>")
    def on_close(name: str) -> Response:
        response = Response("ok")

        @response.call_on_close
        def fail() -> None:
            raise ValueError(f"no {name}")

        return response

    @app.get("/file/<name>")
    def file(name: str) -> Response:
        return send_file(BytesIO(b"one two"), download_name="numbers.txt")

    @app.get("/file-error/<name>")
    def file_error(name: str) -> Response:
        class Failing(BytesIO):
            reads = 0

            def read(self, size: int | None = -1) -> bytes:
                self.reads += 1
                if self.reads > 1:
                    raise OSError(f"no disk for {name}")
                return b"one"

        return send_file(Failing(b"one two"), download_name="numbers.txt")

    @app.get("/refused/<name>")
    def refused(name: str) -> str:
        raise Refused(name)

    @app.get("/abort/<int:status>/<name>")
    def aborted(status: int, name: str) -> str:
        abort(status, name)

    @app.get("/status/<int:status>")
    def status(status: int) -> ResponseReturnValue:
        return "by choice", status

    @app.get("/logged/<name>")
    def logged(name: str) -> str:
        try:
            raise ValueError(f"no {name}")
        except ValueError:
            app.logger.exception("failed for %s", name)
            raise

    @app.get("/logged-other/<name>")
    def logged_other(name: str) -> str:
        try:
            raise KeyError(name)
        except KeyError:
            app.logger.exception("failed for %s", name)
        raise ValueError(f"no {name}")


def _add_hooks(app: Flask) -> None:
    @app.url_value_preprocessor
    def before_all(endpoint: str | None, values: dict[str, Any] | None) -> None:
        fail_at("url_value_preprocessor")

    @app.before_request
    def before() -> None:
        session["seen"] = "yes"
        fail_at("before_request")

    @app.after_request
    def after(response: Response) -> Response:
        fail_at("after_request")
        return response

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        fail_at("teardown_request")

    @app.teardown_appcontext
    def teardown_context(error: BaseException | None) -> None:
        if g.get("fails"):
            raise ValueError(f"no {g.fails}")

    @app.before_request
    def fail_later() -> None:
        if request.args.get("fail") == "teardown_appcontext":
            g.fails = request.args["name"]

    @app.errorhandler(Refused)
    def handled(error: Refused) -> ResponseReturnValue:
        fail_at("errorhandler", request.view_args["name"])  # type: ignore[index]
        return "refused", 409

    @app.errorhandler(500)
    def error_page(error: Exception) -> ResponseReturnValue:
        return render_template_string(TEMPLATES["500.html"]), 500


def _blueprint() -> Blueprint:
    blueprint = Blueprint("print", __name__, url_prefix="/print")

    @blueprint.before_request
    def before() -> None:
        fail_at("blueprint_before")

    @blueprint.after_request
    def after(response: Response) -> Response:
        fail_at("blueprint_after")
        return response

    @blueprint.teardown_request
    def teardown(error: BaseException | None) -> None:
        fail_at("blueprint_teardown")

    @blueprint.url_value_preprocessor
    def preprocess(endpoint: str | None, values: dict[str, Any] | None) -> None:
        fail_at("blueprint_preprocessor")

    @blueprint.get("/<name>")
    def view(name: str) -> str:
        return "ok"

    @blueprint.get("/sync/<name>")
    def sync(name: str) -> str:
        raise ValueError(f"no {name}")

    return blueprint


@click.command("fail")
@click.argument("name")
def fail_command(name: str) -> None:
    """Log, and fail."""
    logging.getLogger("site").warning("about to fail")
    raise ValueError("the command broke")


def __getattr__(name: str) -> Any:
    """Make the application when a server asks for it."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = create_app()
    return globals()["app"]
