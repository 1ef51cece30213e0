"""Takes the texts out of what a request holds, so that they can be recognised elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

MAX_TEXTS: Final = 500
"""Texts taken of one request; a form of more fields is rare, a JSON body of more is an import."""
MAX_DEPTH: Final = 20
MAX_BODY: Final = 256_000
"""Bytes of a body that are parsed for its texts."""

# What every browser sends and no visitor chooses; taken out of a text, it would only hide code.
ORDINARY_HEADERS: Final = frozenset(
    """
    accept accept-charset accept-encoding accept-language cache-control connection content-encoding
    content-length content-type date dnt expect host if-match if-modified-since if-none-match
    if-range if-unmodified-since keep-alive max-forwards origin pragma priority range save-data
    sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site
    sec-fetch-user sec-gpc sec-websocket-extensions sec-websocket-version sentry-trace te trailer
    traceparent transfer-encoding upgrade upgrade-insecure-requests via x-forwarded-host
    x-forwarded-port x-forwarded-proto x-requested-with
    """.split()
)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text and number inside containers, and the names of a mapping's keys.

    Stops at `MAX_TEXTS` texts and `MAX_DEPTH` levels. Looks at nothing but strings, numbers,
    mappings, lists, tuples and sets, so nothing is loaded for its sake.
    """
    left = MAX_TEXTS
    stack: list[tuple[Any, int]] = [(value, 0)]
    while stack and left > 0:
        part, depth = stack.pop()
        if isinstance(part, str):
            left -= 1
            yield part
        elif isinstance(part, bytes):
            left -= 1
            yield part.decode("utf-8", "replace")
        elif isinstance(part, int | float) and not isinstance(part, bool):
            left -= 1
            yield str(part)
        elif depth >= MAX_DEPTH:
            continue
        elif isinstance(part, Mapping):
            stack.extend((inner, depth + 1) for inner in reversed(list(part.values())))
        elif isinstance(part, list | tuple | set | frozenset):
            stack.extend((inner, depth + 1) for inner in reversed(list(part)))


def texts_of_body(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the texts of a body that was read: of its JSON, else the body as it is."""
    if not body or len(body) > MAX_BODY:
        return
    text = body.decode("utf-8", "replace")
    if "json" in content_type.lower() or text.lstrip()[:1] in ("{", "["):
        try:
            yield from texts_in(json.loads(text))
            return
        except (ValueError, RecursionError):
            pass
    yield text


def texts_of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the values of the headers that can tell visitors apart."""
    for name, value in headers:
        lowered = name.lower()
        if lowered not in ORDINARY_HEADERS and lowered != "cookie":
            yield value
            # ``Bearer abc``: the credentials alone are what turns up elsewhere.
            _, _, credentials = value.partition(" ")
            if lowered in ("authorization", "proxy-authorization") and credentials:
                yield credentials


def texts_of_user(user: Any) -> Iterator[str]:
    """Yield the texts of a user that was loaded: a row, a mapping, or an object's own fields."""
    if isinstance(user, Mapping):
        fields: Mapping[Any, Any] = user
    elif hasattr(user, "keys"):
        # A row of sqlite3 and its like is no Mapping.
        fields = {name: user[name] for name in user.keys()}  # noqa: SIM118  # iterates values
    else:
        fields = getattr(user, "__dict__", {})
    for name, value in fields.items():
        if isinstance(value, str) and not str(name).startswith("_"):
            yield value
    names = [fields.get(name) for name in ("first_name", "last_name")]
    if all(isinstance(name, str) and name for name in names):
        yield " ".join(str(name) for name in names)
