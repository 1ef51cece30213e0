"""A Django request, as the core asks about it. Reads only what Django has read already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve

from telemetry_core.values import texts_in, texts_of_body, texts_of_headers, texts_of_user


@cache
def _meta_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class DjangoFacts:
    """See `telemetry_core.request.RequestFacts`."""

    __slots__ = ("request",)

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method or ""

    def header(self, name: str) -> str | None:
        """The value of a request header."""
        value = self.request.META.get(_meta_key(name))
        return value if isinstance(value, str) else None

    def route(self) -> str | None:
        """The pattern that matched, with a leading slash."""
        match = self._match()
        return f"/{match.route}" if match is not None else None

    def visitor_values(self) -> Iterator[str]:
        """What the visitor sent, as far as the application has read it."""
        request = self.request
        read: dict[str, Any] = request.__dict__
        match = self._match()
        if match is not None:
            yield from texts_in((match.args, match.kwargs))
        else:
            yield request.path_info
        yield from texts_in(list(request.GET.lists()))
        if "_post" in read:
            yield from texts_in(list(read["_post"].lists()))
        if "_files" in read:
            yield from texts_in([file.name for file in read["_files"].values()])
        if "_body" in read:
            yield from texts_of_body(read["_body"], request.META.get("CONTENT_TYPE", ""))
        yield from texts_in(request.COOKIES)
        yield from texts_of_headers(request.headers.items())
        yield from texts_in(request.META.get("REMOTE_ADDR"))

    def user_values(self) -> Iterator[str]:
        """Who is logged in, if the application has asked Django for it."""
        read = self.request.__dict__
        for name in ("_cached_user", "_acached_user"):
            if name in read:
                yield from texts_of_user(read[name])
        # Not lazy after a log-in in this very request.
        user = read.get("user")
        if user is not None and "_wrapped" not in vars(user):
            yield from texts_of_user(user)

    def _match(self) -> ResolverMatch | None:
        request = self.request
        if request.resolver_match is not None:
            return request.resolver_match
        # Middleware failed before Django looked for the view.
        try:
            return resolve(request.path_info, getattr(request, "urlconf", None))
        except Resolver404:
            return None
