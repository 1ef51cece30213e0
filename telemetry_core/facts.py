"""What an adapter tells of its framework's request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

KnownPair = tuple[str, str]
"""A value known from the request, and the token that takes its place."""


class RequestFacts(Protocol):
    """What an adapter can tell of its request. Each is asked for only when it is needed.

    Nothing may be read for telemetry's sake that the application has not read: no body, no stream,
    no lazy user or session.
    """

    @property
    def request(self) -> Any:
        """The framework's own request object, for the consent callable."""

    @property
    def method(self) -> str:
        """``GET``, ``POST``, ..."""
        raise NotImplementedError

    def header(self, name: str) -> str | None:
        """The value of a request header by its usual name, or None."""

    def route(self) -> str | None:
        """The pattern that matched, such as ``/orders/<int:id>/``, or None."""

    def visitor_values(self) -> Iterable[str]:
        """What the visitor sent: query, form, JSON, cookies, headers, path arguments.

        What the application has marked is a `Secret`.
        """
        raise NotImplementedError

    def user_values(self) -> Iterable[str]:
        """Who is logged in: user name, e-mail, full name."""
        raise NotImplementedError

    def stamp(self) -> list[object]:
        """What is another when `visitor_values` or `user_values` may give others than before.

        Made at little cost; see `telemetry_core.values.stamp_of`.
        """
        raise NotImplementedError

    def visitor_key(self) -> tuple[str, str] | None:
        """The framework's session key of this visitor, and the application's secret, or None.

        Asked for only with ``TELEMETRY_SESSION_SCOPE = "visitor"``.
        """
        raise NotImplementedError
