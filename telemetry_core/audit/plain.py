"""The driver of any WSGI or ASGI callable: ``module:attribute``, or ``module:factory()``."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from telemetry_core.audit import copies
from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.loopback import Address
from telemetry_core.audit.target import AuditError, Options, Route, Target, names_in


def prepare(_name: str, options: Options) -> Sequence[Address]:
    """Let databases be used as copies only."""
    if not options.database_is_mine:
        copies.use_copies()
    return ()


@contextmanager
def open_target(name: str, options: Options, canaries: Canaries) -> Iterator[Target]:
    """Import the callable. Its routes are found by following links from ``options.paths``."""
    module, _, attribute = name.partition(":")
    application: Any = importlib.import_module(module)
    for part in (attribute or "application").removesuffix("()").split("."):
        application = getattr(application, part, None)
    if attribute.endswith("()") and callable(application):
        application = application()
    if not callable(application):
        raise AuditError(f"{name} should name a WSGI or ASGI callable, module:attribute.")
    is_asgi = _is_asgi(application)
    yield Target(
        framework="ASGI" if is_asgi else "WSGI",
        application=application,
        is_asgi=is_asgi,
        routes=[_route(path, application, canaries) for path in options.paths or ("/",)],
        crawls=True,
        notes=copies.notes,
    )


def _is_asgi(application: Any) -> bool:
    return inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(
        getattr(application, "__call__", None)  # noqa: B004  # its kind matters, not whether
    )


def _route(path: str, application: Any, canaries: Canaries) -> Route:
    """Return a route; ``{email}`` in a path becomes the canary of that kind."""
    code = getattr(inspect.unwrap(application), "__code__", None)
    return Route(
        pattern=path,
        path=path.format_map(dict(canaries.values)),
        fields=names_in(code) if code is not None else (),
        file=os.path.relpath(code.co_filename) if code is not None else "",
        line=code.co_firstlineno if code is not None else 1,
    )
