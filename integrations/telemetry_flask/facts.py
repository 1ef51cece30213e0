"""A Flask request, as the core asks about it. Reads only what the application has read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, cast

from flask import Flask, g, has_request_context, request
from flask import Request as FlaskRequest
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.routing import Rule

from telemetry_core.bodies import kept_of, latest_of
from telemetry_core.values import (
    stamp_of,
    texts_in,
    texts_of_body,
    texts_of_cookies,
    texts_of_file_names,
    texts_of_headers,
    texts_of_path,
    texts_of_people,
    texts_of_query,
)

# Where applications and Flask's extensions keep who is logged in.
USERS = frozenset(
    ("user", "current_user", "_login_user", "flask_httpauth_user", "_jwt_extended_jwt_user")
)

# What Flask keeps in a session for itself, of which half is words of the application's.
FLASHES = "_flashes"


g_here: Final[Callable[[], Any]] = cast("Any", g)._get_current_object
context_here: Final[Callable[[], Any]] = cast("Any", request_ctx)._get_current_object
"""Return what the proxies stand for; RuntimeError where there is none."""


@cache
def _environ_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class FlaskFacts:
    """See `telemetry_core.facts.RequestFacts`.

    :param app: the application that answers.
    :param environ: the request, as the server gives it.
    """

    __slots__ = ("app", "environ", "kept")

    def __init__(self, app: Flask, environ: dict[str, Any]) -> None:
        self.app = app
        self.environ = environ
        self.kept: tuple[Any, Any] | None = None
        """``flask.g`` and Flask's context, for what happens when they are gone."""

    @property
    def request(self) -> FlaskRequest:
        """Flask's request; before Flask has made its own, one that reads nothing."""
        # Flask takes it out of the environ at the end, before the last pieces of a body.
        made = self.environ.get("werkzeug.request") or (self.kept and self.kept[1].request)
        return made or self.app.request_class(self.environ, shallow=True)

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self.environ.get("REQUEST_METHOD", ""))

    def header(self, name: str) -> str | None:
        """The value of a request header."""
        value = self.environ.get(_environ_key(name))
        return value if isinstance(value, str) else None

    def visitor_key(self) -> tuple[str, str] | None:
        """The session's own id, else that of who is logged in: a cookie's session has none."""
        session = self._opened_session()
        secret = self.app.secret_key
        if not isinstance(session, dict) or not secret:
            return None
        names = ("_user_id", "user_id")
        # Not by the session's own methods, which note that the response depends on it.
        keys = [getattr(session, "sid", None), *(dict.get(session, name) for name in names)]
        key = next((str(key) for key in keys if key is not None), None)
        text = secret if isinstance(secret, str) else bytes(secret).decode("latin-1")
        return (key, text) if key is not None else None

    def route(self) -> str | None:
        """The rule that matched."""
        rule, _ = self._match()
        return str(rule.rule) if rule is not None else None

    def visitor_values(self) -> Iterator[str]:
        """What the visitor sent, as far as the application has read it."""
        request = self.request
        read: dict[str, Any] = request.__dict__
        rule, arguments = self._match()
        yield from texts_in(arguments) if rule is not None else texts_of_path(request.path)
        sent = self.environ.get
        # A class of the application's may make something else of what was sent.
        is_usual = type(request) is FlaskRequest
        is_unread = is_usual and "args" not in read
        query = texts_of_query(sent("QUERY_STRING", "")) if is_unread else None
        yield from texts_in(list(request.args.lists())) if query is None else query
        if "form" in read:
            yield from texts_in(list(read["form"].lists()))
        if "files" in read:
            yield from texts_of_file_names(file.filename for file in read["files"].values())
        kind = request.content_type or ""
        body = read.get("_cached_data")
        if body is None and not ("form" in read and kind.startswith("multipart/")):
            # What the application has read of the stream itself.
            body = kept_of(sent("wsgi.input"))
        yield from texts_of_body(body or b"", kind)
        # What get_json() parsed, where it did not keep the bytes.
        yield from texts_in(list(read.get("_cached_json") or ()))
        is_unread = is_usual and "cookies" not in read
        cookies = texts_of_cookies(sent("HTTP_COOKIE", "")) if is_unread else None
        yield from texts_in(dict(request.cookies.lists())) if cookies is None else cookies
        yield from texts_in(self._session())
        yield from texts_of_headers(request.headers.items())
        yield from texts_in(request.remote_addr)

    def user_values(self) -> Iterator[str]:
        """Who is logged in, as far as the application has put it in ``flask.g``."""
        yield from texts_of_people(self._people(), USERS)

    def stamp(self) -> list[object]:
        """What the application has read of the request, keeps in its session and ``flask.g``."""
        request = self.request
        body = latest_of(self.environ.get("wsgi.input"))
        stamp = [request, len(request.__dict__), request.url_rule, body]
        people, session = self._people(), self._session()
        return [
            *stamp,
            *stamp_of(people, looking_inside=True),
            *stamp_of(session, looking_inside=True),
        ]

    def _people(self) -> dict[str, Any]:
        held, _ = self._held()
        # A proxy would load what it stands for. What Flask-Login has loaded is held beside it.
        return {name: value for name, value in held.items() if type(value) is not LocalProxy}

    def _match(self) -> tuple[Rule | None, Mapping[str, Any] | None]:
        request = self.request
        if request.url_rule is not None or request.routing_exception is not None:
            return request.url_rule, request.view_args
        # Something in front of Flask failed before Flask looked for the view.
        try:
            adapter = self.app.create_url_adapter(request)
            return adapter.match(return_rule=True) if adapter is not None else (None, None)
        except HTTPException:
            return None, None

    def _held(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What ``flask.g`` and Flask's context of this request hold, as far as there are any."""
        if self.kept is None and has_request_context() and request.environ is self.environ:
            self.kept = (g_here(), context_here())
        return (vars(self.kept[0]), vars(self.kept[1])) if self.kept is not None else ({}, {})

    def _opened_session(self) -> Any:
        _, context = self._held()
        return context.get("_session", context.get("session"))

    def _session(self) -> dict[str, Any]:
        """What the session holds, if it is loaded. Doesn't count as use of it, as the proxy does.

        Flask says of a response that it varies by the cookie when the session was used.
        """
        session = self._opened_session()
        held = dict.copy(session) if isinstance(session, dict) else {}
        held.pop(FLASHES, None)
        return held
