"""Middleware that fails, told by a query parameter where: ``?fail=process_view``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.response import TemplateResponse

from django_site.views import Numbers


def _fail(request: HttpRequest, where: str) -> None:
    if request.GET.get("fail") == where:
        raise ValueError(f"no {request.GET.get('name')}")


class Failing:
    """Old-style hooks and both directions, in both worlds."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self.is_async:
            return self.__acall__(request)
        _fail(request, "before")
        response = self.get_response(request)
        _fail(request, "after")
        return response

    async def __acall__(self, request: HttpRequest) -> Any:
        _fail(request, "before")
        response = await self.get_response(request)
        _fail(request, "after")
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        _fail(request, "process_view")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        _fail(request, "process_exception")
        if request.GET.get("handle"):
            return HttpResponse("handled", status=int(request.GET["handle"]))
        return None

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        _fail(request, "process_template_response")
        return response


class SyncOnly:
    """As most middleware is: Django runs it in a thread under ASGI."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        _fail(request, "sync_before")
        if request.GET.get("fail") == "sync_render":
            Template("{{ numbers.broken }}").render(Context({"numbers": Numbers()}))
        response = self.get_response(request)
        _fail(request, "sync_after")
        return response


class RendersTemplate:
    """Answers in place of the view with a template that Django renders later."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self.get_response(request)
        if request.GET.get("fail") == "replaced":
            return TemplateResponse(request, "broken.html", {"numbers": Numbers()}).render()
        return response


class Watching:
    """Notes how many wrappers Django's connection has while a request is answered."""

    seen: ClassVar[list[int]] = []

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        self.seen.append(len(connection.execute_wrappers))
        return self.get_response(request)
