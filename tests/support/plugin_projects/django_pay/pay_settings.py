"""A project that has telemetry, and has it off in its tests."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

SECRET_KEY = "a key for tests"
ROOT_URLCONF = __name__
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS = ["telemetry_django"]
MIDDLEWARE = ["telemetry_django.middleware.TelemetryMiddleware"]
TELEMETRY_ENABLED = False
TELEMETRY_ALLOW_FIELDS = ["order_kind"]
USE_TZ = True


def pay(request: HttpRequest) -> HttpResponse:
    """Refuse a payment, and say too much of whose it was."""
    raise ValueError(
        f"no payment by {request.POST.get('name')} <{request.POST.get('email')}>, "
        f"{request.META.get('HTTP_USER_AGENT')}, {request.META.get('HTTP_X_FORWARDED_FOR')}, "
        f"{request.META.get('HTTP_REFERER')}, {request.COOKIES.get('visitor')}"
    )


async def apay(request: HttpRequest) -> HttpResponse:
    """Do the same."""
    return pay(request)


urlpatterns = [path("pay/", pay), path("apay/", apay)]
