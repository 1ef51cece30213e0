"""A Django request, as the core asks about it. Reads only what Django has read already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.functional import empty

from telemetry_core.bodies import ReadBody, kept_of, latest_of
from telemetry_core.values import (
    Secret,
    stamp_of,
    texts_in,
    texts_of_body,
    texts_of_file_names,
    texts_of_headers,
    texts_of_user,
)
from telemetry_django.sensitive import sensitive_post_values, sensitive_variable_values

# What Django keeps in a session for itself, of which most is words of the application's.
_OWN_KEYS = frozenset(("_auth_user_backend", "_messages", "_language"))


@cache
def _meta_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class DjangoFacts:
    """See `telemetry_core.facts.RequestFacts`."""

    __slots__ = ("request",)

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def follow_body(self) -> None:
        """See to it that what the application reads of the body by itself is known."""
        request = self.request
        if request.method == "GET" and not request.META.get("CONTENT_LENGTH"):
            return
        # Django has no public name for it. Where it is no more, as little is known as Django keeps.
        stream = getattr(request, "_stream", None)
        if stream is not None:
            request._stream = ReadBody(stream)  # type: ignore[assignment]  # is one in all that it has

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

    def visitor_key(self) -> tuple[str, str] | None:
        """The key of Django's session as the cookie has it; no session is loaded for it."""
        key = self.request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        return (key, settings.SECRET_KEY) if key else None

    def visitor_values(self) -> Iterator[str]:
        """What the visitor sent, as far as the application has read it."""
        failure: Exception | None = None
        sources = (
            self._secrets, self._path, self._query, self._body, self._headers, self._kept,
        )  # fmt: skip
        for values in sources:
            try:
                yield from values()
            except Exception as error:
                failure = error
        if failure is not None:
            # What one source withholds must not cost the others'.
            raise failure

    def user_values(self) -> Iterator[str]:
        """Who is logged in, if the application has asked Django for it."""
        read = self.request.__dict__
        for name in ("_cached_user", "_acached_user"):
            if name in read:
                yield from texts_of_user(read[name])
        # Another middleware's, or that of a log-in in this very request. A lazy one is left alone.
        user = read.get("user")
        if user is not None:
            user = vars(user).get("_wrapped", user)
            if user is not empty:
                yield from texts_of_user(user)

    def stamp(self) -> list[object]:
        """What Django has read of the request, and the application has put on it."""
        read = self.request.__dict__
        user = read.get("user")
        # Of a lazy one, whether it was loaded by now.
        people = stamp_of(vars(user) if user is not None else {}, looking_inside=True)
        return [
            *stamp_of(read),
            latest_of(read.get("_stream")),
            *people,
            *stamp_of(self._session(), looking_inside=True),
        ]

    def _secrets(self) -> Iterator[str]:
        for value in (*sensitive_post_values(self.request), *sensitive_variable_values()):
            yield from map(Secret, texts_in(value))

    def _path(self) -> Iterator[str]:
        path = self.request.path_info
        match = self._match()
        if match is None:
            yield path
        else:
            yield from texts_in((match.args, match.kwargs))
        # As it was written: arguments may have become objects by now.
        written = path.split("/")
        yield from written if match is None else set(written) - set(match.route.split("/"))

    def _query(self) -> Iterator[str]:
        try:
            yield from texts_in(dict(self.request.GET.lists()))
        except SuspiciousOperation:
            # More fields than Django takes.
            yield from texts_in(parse_qsl(self.request.META.get("QUERY_STRING", "")))

    def _body(self) -> Iterator[str]:
        read: dict[str, Any] = self.request.__dict__
        if "_post" in read:
            yield from texts_in(dict(read["_post"].lists()))
        if "_files" in read:
            yield from texts_of_file_names(
                file.name for _, files in read["_files"].lists() for file in files
            )
        kind = self.request.META.get("CONTENT_TYPE", "")
        if "_body" in read:
            yield from texts_of_body(read["_body"], kind)
        elif not ("_post" in read and kind.startswith("multipart/")):
            # What the application has read of the stream itself.
            yield from texts_of_body(kept_of(read.get("_stream")), kind)

    def _headers(self) -> Iterator[str]:
        yield from texts_in(self.request.COOKIES)
        yield from texts_of_headers(self.request.headers.items())
        yield from texts_in(self.request.META.get("REMOTE_ADDR"))

    def _kept(self) -> Iterator[str]:
        held = self._session().items()
        yield from texts_in({key: value for key, value in held if key not in _OWN_KEYS})

    def _session(self) -> dict[str, Any]:
        """What the session holds, if the application has loaded it."""
        session = self.request.__dict__.get("session")
        held = getattr(session, "__dict__", {}).get("_session_cache")
        return held if isinstance(held, dict) else {}

    def _match(self) -> ResolverMatch | None:
        request = self.request
        if request.resolver_match is not None:
            return request.resolver_match
        # Middleware failed before Django looked for the view.
        try:
            return resolve(request.path_info, getattr(request, "urlconf", None))
        except Resolver404:
            return None
