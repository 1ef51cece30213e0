"""A browser of few words: cookies, forms with their hidden token, redirects not followed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. A body that broke off is kept as far as it came."""

    status: int
    location: str
    body: str


@dataclass(slots=True, kw_only=True)
class Browser:
    """Keeps the cookies of one app."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, target: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Answer:
        """Load a page."""
        return self._send("GET", target, None, headers, cookies)

    def post_form(
        self,
        target: str,
        page: str,
        form: Mapping[str, str],
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
    ) -> Answer:
        """Load the page with the form, fill it in and send it, its hidden fields as well."""
        hidden = _HiddenFields()
        hidden.feed(self.get(page, headers, cookies).body)
        hidden.close()
        body = urlencode({**hidden.found, **form}).encode()
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", target, body, {**headers, **content}, cookies)

    def send_json(
        self,
        method: str,
        target: str,
        document: Any,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
    ) -> Answer:
        """Send a JSON document."""
        content = {"Content-Type": "application/json"}
        body = json.dumps(document).encode()
        return self._send(method, target, body, {**headers, **content}, cookies)

    def _send(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
    ) -> Answer:
        jar = "; ".join(f"{name}={value}" for name, value in {**self.cookies, **cookies}.items())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, target, body, {**headers, "Cookie": jar})
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return Answer(
                status=response.status,
                location=response.headers.get("Location", ""),
                body=_read(response).decode("utf-8", "replace"),
            )
        finally:
            connection.close()


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except http.client.IncompleteRead as broken_off:
        return broken_off.partial
    except ConnectionResetError:
        return b""


class _HiddenFields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input" and attributes.get("type") == "hidden" and attributes.get("name"):
            self.found[str(attributes["name"])] = attributes.get("value") or ""
