"""The same little site in both frameworks, with the telemetry of a set-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.requests.setups import Setup, forget_environment, initialize_theirs, settings

Application = Callable[..., Any]


def application(framework: str, setup: Setup, transport: type[Any]) -> Application:
    """Make the WSGI application. Once in a process: SDKs stay for good."""
    forget_environment()
    if setup.who == "theirs":
        initialize_theirs(setup, transport)
    given = settings(setup, transport) if setup.who == "ours" else {}
    return _flask(given) if framework == "Flask" else _django(given)


def _flask(given: dict[str, Any]) -> Application:
    from flask import Flask

    app = Flask(__name__)
    if given:
        from telemetry_flask import Telemetry

        app.config.update(given)
        Telemetry(app)

    @app.get("/hello/<int:number>/")
    def hello(number: int) -> str:
        return f"hello {number}"

    @app.get("/error/<int:number>/")
    def error(number: int) -> str:
        raise ValueError(f"no {number}")

    return app


def _django(given: dict[str, Any]) -> Application:
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    if given:
        given["INSTALLED_APPS"] = ["telemetry_django"]
        given["MIDDLEWARE"] = ["telemetry_django.middleware.TelemetryMiddleware"]
    settings.configure(
        SECRET_KEY="only-for-benchmarks",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        LOGGING_CONFIG=None,
        **given,
    )
    django.setup()
    return get_wsgi_application()


def _hello(_request: Any, number: int) -> Any:
    from django.http import HttpResponse

    return HttpResponse(f"hello {number}")


def _error(_request: Any, number: int) -> Any:
    raise ValueError(f"no {number}")


def __getattr__(name: str) -> Any:
    """Make the URL patterns when Django asks for them, which is after its set-up."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path

    return [path("hello/<int:number>/", _hello), path("error/<int:number>/", _error)]
