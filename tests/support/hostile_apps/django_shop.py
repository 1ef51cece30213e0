"""The application in Django, for WSGI and ASGI."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.csrf import csrf_exempt

from hostile_apps import shop


class LoggedIn(MiddlewareMixin):
    """Says who is logged in."""

    def process_request(self, request: HttpRequest) -> None:
        request.user = shop.MEMBER  # type: ignore[assignment]  # no row of a database


def _values(request: HttpRequest, name: str = "") -> list[Any]:
    headers = [request.headers.get(header) for header in ("X-Name", "User-Agent")]
    values: list[Any] = [name, dict(request.GET.lists()), dict(request.COOKIES), headers]
    if request.content_type == "application/json":
        values.append(json.loads(request.body))
    else:
        values.append(dict(request.POST.lists()))
    return values


@csrf_exempt
def order(request: HttpRequest, name: str) -> HttpResponse:
    shop.serve(_values(request, name))
    return HttpResponse("never")


@csrf_exempt
async def aorder(request: HttpRequest, name: str) -> HttpResponse:
    shop.serve(_values(request, name))
    return HttpResponse("never")


@csrf_exempt
def stream(request: HttpRequest, name: str) -> StreamingHttpResponse:
    values = _values(request, name)

    def pieces() -> Iterator[bytes]:
        yield b"one"
        shop.serve(values)

    async def apieces() -> AsyncIterator[bytes]:
        yield b"one"
        shop.serve(values)

    return StreamingHttpResponse(apieces() if isinstance(request, ASGIRequest) else pieces())


@csrf_exempt
def fine(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("fine")


@csrf_exempt
def call(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(shop.call(request.headers["X-Url"]))


urlpatterns = [
    path("orders/<path:name>/", order),
    path("aorders/<path:name>/", aorder),
    path("streams/<path:name>/", stream),
    path("fine/<path:name>/", fine),
    path("calls/<path:name>/", call),
]


def make(*, asynchronous: bool) -> Callable[..., Any]:
    """Return the application."""
    settings.configure(
        SECRET_KEY="only-for-tests",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["telemetry_django"],
        MIDDLEWARE=[
            "telemetry_django.middleware.TelemetryMiddleware",
            "django.middleware.common.CommonMiddleware",
            f"{__name__}.LoggedIn",
        ],
        LOGGING={"version": 1, "disable_existing_loggers": False},
        USE_TZ=True,
        **shop.settings(),
    )
    django.setup()
    shop.began()
    if asynchronous:
        from django.core.asgi import get_asgi_application

        return get_asgi_application()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()
