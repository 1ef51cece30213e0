"""A Flask request, as the core asks about it. Reads only what the application has read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Request as FlaskRequest
from flask import g, has_app_context

from telemetry_core.values import texts_in, texts_of_body, texts_of_headers, texts_of_user

# Where applications and Flask-Login keep who is logged in.
USER_NAMES = ("user", "current_user", "_login_user")


class FlaskFacts:
    """See `telemetry_core.request.RequestFacts`."""

    __slots__ = ("_environ", "globals")

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self.globals: Any = None
        """``flask.g`` of the request, kept for a body that is streamed after it is gone."""

    @property
    def request(self) -> FlaskRequest:
        """Flask's request; before Flask has made its own, one that reads nothing."""
        made = self._environ.get("werkzeug.request")
        return made if made is not None else FlaskRequest(self._environ, shallow=True)

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self._environ.get("REQUEST_METHOD", ""))

    def header(self, name: str) -> str | None:
        """The value of a request header."""
        value = self._environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return value if isinstance(value, str) else None

    def route(self) -> str | None:
        """The rule that matched."""
        rule = self.request.url_rule
        return str(rule.rule) if rule is not None else None

    def visitor_values(self) -> Iterator[str]:
        """What the visitor sent, as far as the application has read it."""
        request = self.request
        read: dict[str, Any] = request.__dict__
        if request.url_rule is None:
            yield request.path
        yield from texts_in(request.view_args)
        yield from texts_in(list(request.args.lists()))
        if "form" in read:
            yield from texts_in(list(read["form"].lists()))
        if "files" in read:
            yield from texts_in([file.filename for file in read["files"].values()])
        yield from texts_of_body(read.get("_cached_data") or b"", request.content_type or "")
        # What get_json() parsed, where it did not keep the bytes.
        yield from texts_in(list(read.get("_cached_json") or ()))
        yield from texts_in(request.cookies)
        yield from texts_of_headers(request.headers.items())
        yield from texts_in(request.remote_addr)

    def user_values(self) -> Iterator[str]:
        """Who is logged in, as far as the application has put it where it usually is."""
        kept = self.globals if self.globals is not None else (g if has_app_context() else None)
        if kept is None:
            return
        for name in USER_NAMES:
            if name in kept:
                yield from texts_of_user(kept.get(name))
