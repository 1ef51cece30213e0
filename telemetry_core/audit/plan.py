"""What is planted where: the requests that one route gets."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlencode

from telemetry_core.audit.calls import Call
from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.pages import Form, filled
from telemetry_core.audit.target import Route

HEADERS: Final[Mapping[str, str]] = {
    "User-Agent": "Mozilla/5.0 (audited; {username})",
    "Referer": "https://elsewhere.example/?q={email}&name={username}",
    "Authorization": "Bearer {token}",
    "Accept-Language": "de",
    "X-Forwarded-For": "{ip}, {ip6}",
    "X-Real-IP": "{ip}",
    "X-Customer": "{text}",
    "X-Device": "{mac}",
    "X-Note": "{address}",
    "From": "{email}",
    "Baggage": "sentry-trace_id={trace},sentry-sampled=true,sentry-sample_rate=1,"
    "sentry-user_id={quoted_email},customer={username}",
    "Sentry-Trace": "{trace}-{span}-1",
}
"""Headers of each request. The last two continue a trace that the visitor is free to make up."""

COOKIES: Final[Mapping[str, str]] = {
    "visitor": "{username}",
    "mail": "{quoted_email}",
    "device": "{mac}",
    "remember": "{token}",
    "locale": "{ip}",
}

FIELDS: Final[Mapping[str, str]] = {
    "q": "text",
    "name": "name",
    "email": "email",
    "phone": "phone",
    "card": "card",
    "iban": "iban",
    "ssn": "ssn",
    "born": "born",
    "address": "address",
    "file": "path",
    "password": "password",
    "next": "text",
}
"""Fields of every query, form and JSON document, besides those that the route's code names."""

SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))


def headers_with(canaries: Canaries, cookies: str) -> dict[str, str]:
    """Return the headers of a request: `HEADERS`, and the cookies of the visitor and `COOKIES`."""
    filling = {
        **canaries.values,
        "quoted_email": quote(canaries["email"]),
        "trace": secrets.token_hex(16),
        "span": secrets.token_hex(8),
    }
    planted = "; ".join(f"{name}={value.format(**filling)}" for name, value in COOKIES.items())
    return {
        **{name: value.format(**filling) for name, value in HEADERS.items()},
        "Cookie": f"{cookies}; {planted}" if cookies else planted,
    }


def values_for(fields: Iterable[str], canaries: Canaries) -> dict[str, str]:
    """Return a value for each of the fields, and for those of `FIELDS`."""
    named = {name: canaries.for_field(name) for name in fields}
    return {**{name: canaries[kind] for name, kind in FIELDS.items()}, **named}


def first_call(route: Route, canaries: Canaries) -> Call:
    """Return the request that shows a page, and its forms."""
    return Call(method="GET", path=route.path, query=values_for(route.fields, canaries))


def calls_for(
    route: Route, canaries: Canaries, hidden: Mapping[str, str], *, makes_faults: bool
) -> Iterator[Call]:
    """Yield the other requests to a route, without headers: each method, each kind of body.

    :param hidden: hidden fields of forms, which a form must hold to be taken.
    :param makes_faults: make errors in the view, too.
    """
    if makes_faults and "GET" in route.methods:
        yield replace(first_call(route, canaries), fault=True)
    values = {**values_for(route.fields, canaries), **hidden}
    files = list(dict.fromkeys(("upload", "file", *route.fields)))
    for method in route.methods:
        if method in SAFE:
            continue
        form, document, upload = (
            _with_body(route.path, method, *body)
            for body in (
                form_body(values),
                json_body(values),
                upload_body(values, files, canaries),
            )
        )
        # Where errors are made, the view has done its work before; an upload holds the form, too.
        yield form
        yield replace(document, fault=makes_faults)
        yield replace(upload, fault=makes_faults)


def call_of_form(form: Form, canaries: Canaries) -> Call:
    """Return the request of a visitor who fills in a form of a page."""
    values = filled(form, canaries)
    if form.method == "GET":
        return Call(method="GET", path=form.action, query=values)
    body = upload_body(values, form.files, canaries) if form.files else form_body(values)
    return _with_body(form.action, "POST", *body)


def form_body(values: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a form's body and its content type."""
    return urlencode(values).encode(), "application/x-www-form-urlencoded"


def json_body(values: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a JSON document, also with values further inside, and its content type."""
    return json.dumps({**values, "items": [dict(values)]}).encode(), "application/json"


def upload_body(
    values: Mapping[str, str], files: Sequence[str], canaries: Canaries
) -> tuple[bytes, str]:
    """Return the body of a form with files (RFC 7578), and its content type."""
    boundary = secrets.token_hex(16)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{{}}"'
    parts = [f"{head.format(name)}\r\n\r\n{value}\r\n" for name, value in values.items()]
    called_as = itertools.cycle((f"{canaries['username']} {canaries['email']}", canaries["name"]))
    for name, called in zip(files, called_as, strict=False):
        parts.append(
            f'{head.format(name)}; filename="{called}.txt"\r\n'
            f"Content-Type: text/plain\r\n\r\n{canaries['text']}\r\n"
        )
    body = "".join([*parts, f"--{boundary}--\r\n"])
    return body.encode(), f"multipart/form-data; boundary={boundary}"


def _with_body(path: str, method: str, body: bytes, content_type: str) -> Call:
    return Call(method=method, path=path, body=body, content_type=content_type)
