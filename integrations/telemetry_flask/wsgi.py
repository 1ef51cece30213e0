"""The application as the server calls it: each request is begun, ended, and its body followed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from operator import attrgetter
from typing import Any, Final

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from telemetry_core import TelemetryConfig
from telemetry_core.bodies import follow_input
from telemetry_core.failures import is_failure
from telemetry_core.request import Request, current_request
from telemetry_core.streaming import Stream, StreamedFile
from telemetry_flask import queries
from telemetry_flask.facts import FlaskFacts, context_here, g_here

StartResponse = Callable[..., Any]
WSGIApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

WHOLE = frozenset((ClosingIterator, list, tuple))
"""What Flask, or middleware, makes of a body that is there already."""

_FOLLOWED: Final = "_telemetry_wsgi_app"
"""The attribute of an application that holds what its ``wsgi_app`` is."""


class Followed:
    """An application or middleware with telemetry around."""

    def __init__(self, wsgi_app: WSGIApp, app: Flask, config: TelemetryConfig) -> None:
        self.inner = wsgi_app
        self._app = app
        self._config = config

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        config = self._config
        app = self._app
        if not config.active or _facts_of(current_request(), app, environ) is not None:
            return self.inner(environ, start_response)
        follow_input(environ)
        telemetry = Request(config, FlaskFacts(app, environ))
        telemetry.enter()
        try:
            if config.traces and telemetry.is_traced:
                queries.record_found(app)
            body = self.inner(environ, start_response)
            if telemetry.is_streamed or type(body) not in WHOLE:
                return _followed_body(telemetry, body)
            telemetry.finish()
            return body
        except BaseException as error:
            # Not the view's, which Flask's signal tells of: a teardown's, or middleware's.
            if is_failure(error):
                telemetry.capture(error)
            telemetry.finish()
            raise
        finally:
            telemetry.leave()


def follow(app: Flask, config: TelemetryConfig) -> None:
    """Put telemetry around an application, and around all middleware that is put around it later.

    Applications do that by setting ``app.wsgi_app``, so that is what this application alone gets
    a property for, by a class of its own.
    """
    inner: WSGIApp = app.wsgi_app
    kind = type(app)

    def set_wsgi_app(app: Flask, wsgi_app: WSGIApp) -> None:
        setattr(app, _FOLLOWED, Followed(wsgi_app, app, config))

    process: Callable[..., Any] = kind.process_response

    def process_response(app: Flask, first: Any, *rest: Any) -> Any:
        # Flask is about to hand the context over before the response.
        response = process(app, first, *rest) if rest else process(app, first)
        telemetry = followed_here()
        if telemetry is not None:
            telemetry.status = response.status_code
            telemetry.is_streamed = bool(response._on_close) or (
                type(response.response) is not list and response.is_streamed
            )
        return response

    names = {
        "wsgi_app": property(attrgetter(_FOLLOWED), set_wsgi_app),
        "process_response": process_response,
        "__module__": kind.__module__,
    }
    app.__class__ = type(kind.__name__, (kind,), names)
    app.wsgi_app = inner  # type: ignore[assignment, method-assign]  # Flask's own way


def unfollow(app: Flask) -> None:
    """Take the telemetry off again that `follow` has put around an application.

    What was put around it since stays; telemetry within that is taken off by being off.
    """
    around: Followed = vars(app).pop(_FOLLOWED)
    app.__class__ = type(app).__mro__[1]
    app.wsgi_app = around.inner  # type: ignore[assignment, method-assign]  # Flask's own way


def followed_here() -> Request | None:
    """Return the telemetry of the request that Flask has at hand, if it is followed."""
    context = context_here()
    telemetry = current_request()
    facts = _facts_of(telemetry, context.app, context.request.environ)
    if facts is None:
        return None
    # Something of it can still fail when they are gone.
    facts.kept = (g_here(), context)
    return telemetry


def _facts_of(telemetry: Request | None, app: Flask, environ: object) -> FlaskFacts | None:
    """Return the facts if this is the telemetry of this very request to this application.

    A view can make others: to another application, or to the same one as a test would.
    """
    facts = telemetry.facts if telemetry is not None else None
    if isinstance(facts, FlaskFacts) and facts.environ is environ and facts.app is app:
        return facts
    return None


def _followed_body(telemetry: Request, body: Iterable[bytes]) -> Iterable[bytes]:
    file = getattr(body, "filelike", None)
    if file is None:
        return Stream(telemetry, iter(body))
    # The server sends it from the file (PEP 3333, wsgi.file_wrapper), if it is left as it is.
    with suppress(AttributeError):
        body.filelike = StreamedFile(telemetry, file)  # type: ignore[attr-defined]
    telemetry.finish()
    return body
