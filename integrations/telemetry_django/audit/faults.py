"""Errors in the place of a project's views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse

from telemetry_core.audit.faults import fail
from telemetry_core.audit.target import FAULT


class FaultMiddleware:
    """The innermost middleware: lets a view do its work, and fails in its place if asked to."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        """Call the view and raise, where the request asks for it."""
        if not request.META.get(FAULT):
            return
        cause: BaseException | None = None
        try:
            (async_to_sync(view) if iscoroutinefunction(view) else view)(request, *args, **kwargs)
        except Exception as error:
            cause = error
        fail(_values(request, {**dict(enumerate(args)), **kwargs}), cause)


def _values(request: HttpRequest, arguments: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the view was given, as it reads it."""
    read: dict[str, Any] = {
        "arguments": {str(name): value for name, value in arguments.items()},
        "query": request.GET.dict(),
        "cookies": dict(request.COOKIES),
        "headers": dict(request.headers),
        "address": request.META.get("REMOTE_ADDR"),
    }
    # A body that the view has read in another way, or that is too large.
    with suppress(Exception):
        read["form"] = request.POST.dict()
        files = [file for _, given in request.FILES.lists() for file in given]
        read["files"] = [file.name for file in files]
        # Of two with one name, the second gets another.
        read["stored"] = [default_storage.save(file.name, file) for file in (*files, *files)]
    with suppress(Exception):
        read["json"] = request.body.decode()
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        read["user"] = {
            "name": user.get_full_name() if hasattr(user, "get_full_name") else str(user),
            "login": user.get_username(),
            "email": getattr(user, "email", ""),
        }
    session = getattr(request, "session", None)
    if session is not None:
        read["session"] = {key: value for key, value in session.items() if not key.startswith("_")}
    return read
