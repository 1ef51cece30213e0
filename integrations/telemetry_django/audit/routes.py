"""The routes of a project, and a path that leads to each."""

from __future__ import annotations

import inspect
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from django.urls import Resolver404, URLPattern, URLResolver, resolve
from django.utils.regex_helper import normalize

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.target import Route, names_in

SAFE_BY_KIND: Final[Mapping[str, tuple[object, ...]]] = {
    "int": (1,),
    "uuid": (uuid.UUID(int=1),),
    "float": (1.5,),
}


def routes_of(
    resolver: URLResolver, canaries: Canaries, before: Sequence[Any] = ()
) -> Iterator[Route]:
    """Yield the views of a URL configuration, but for those to which no path is found."""
    for entry in resolver.url_patterns:
        patterns = [*before, entry.pattern]
        if isinstance(entry, URLResolver):
            yield from routes_of(entry, canaries, patterns)
        elif isinstance(entry, URLPattern):
            path = _path(patterns, entry.callback, canaries)
            if path is not None:
                yield _route("/" + "".join(map(str, patterns)), path, entry.callback)


def _route(pattern: str, path: str, view: Any) -> Route:
    owner = getattr(view, "view_class", None)
    methods = ["GET", "POST"]
    codes = [getattr(inspect.unwrap(view), "__code__", None)]
    if owner is not None:
        methods = [name.upper() for name in owner.http_method_names if hasattr(owner, name)]
        codes = [
            getattr(member, "__code__", None)
            for name, member in inspect.getmembers(owner, inspect.isfunction)
            if member.__module__ == owner.__module__
        ]
    found = [code for code in codes if code is not None]
    return Route(
        pattern=pattern,
        path=path,
        methods=methods,
        fields=list(dict.fromkeys(name for code in found for name in names_in(code))),
        file=os.path.relpath(found[0].co_filename) if found else "",
        line=found[0].co_firstlineno if found else 1,
    )


def _path(patterns: Sequence[Any], view: Any, canaries: Canaries) -> str | None:
    """Return a path that leads to the view, with canaries in it where it takes them."""
    shape, names, converters = "/", list[str](), dict[str, Any]()
    for pattern in patterns:
        possible = normalize(_regex_of(pattern))
        if not possible:
            return None
        shape += possible[0][0]
        names += possible[0][1]
        converters.update(pattern.converters)
    for choose in CHOICES:
        values = {name: choose(name, converters.get(name), canaries) for name in names}
        path = shape % values
        with suppress(Resolver404):
            if resolve(path).func is view:
                return path
    return None


def _regex_of(pattern: Any) -> str:
    """Return the regular expression of a part of a path; a translated prefix is a word."""
    regex: str = pattern.regex.pattern
    return regex


def _of_canaries(name: str, converter: Any, canaries: Canaries) -> str:
    kind = type(converter).__name__.removesuffix("Converter").lower() if converter else ""
    for value in SAFE_BY_KIND.get(kind, ()):
        return str(converter.to_url(value))
    if kind == "slug":
        return canaries["username"]
    value = canaries.for_field(name)
    return value if kind == "path" else value.replace("/", "-")


CHOICES: Final[tuple[Callable[[str, Any, Canaries], str], ...]] = (
    _of_canaries,
    lambda _name, _converter, canaries: canaries["username"],
    lambda *_: "1",
    lambda *_: "2024",
    lambda *_: "12",
    lambda *_: "a",
    lambda *_: str(uuid.UUID(int=1)),
    lambda *_: "en",
)
"""What is tried in the place of arguments, until the path leads to the view."""
