"""Prices are shown in the currency of the visitor's region."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

CURRENCIES = {"eu": "€", "uk": "£", "us": "$"}


def currency_of(request: HttpRequest) -> str:
    """Return the currency sign of the region that the load balancer found out."""
    # Bug: whoever sends the header chooses what is looked up.
    return CURRENCIES[request.headers.get("X-Shop-Region", "eu")]


@sync_and_async_middleware
def region_middleware(
    get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]:
    """Set ``request.currency``."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            request.currency = currency_of(request)
            return await get_response(request)

    else:

        def middleware(request: HttpRequest) -> HttpResponse:
            request.currency = currency_of(request)
            return get_response(request)

    return middleware
