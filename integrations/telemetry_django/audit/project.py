"""A project as it is audited: its settings for the run, and its application."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.servers.basehttp import get_internal_wsgi_application
from django.urls import get_resolver

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.loopback import Address
from telemetry_core.audit.target import Options, Target
from telemetry_django.audit.databases import databases, is_here
from telemetry_django.audit.faults import FaultMiddleware
from telemetry_django.audit.routes import routes_of
from telemetry_django.audit.storages import BACKEND, keep_in_memory
from telemetry_django.audit.visitor import log_in

MEMORY: Final[Mapping[str, object]] = {
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "SECURE_SSL_REDIRECT": False,
    "CSRF_USE_SESSIONS": False,
    "CSRF_COOKIE_MASKED": False,
    "ALLOWED_HOSTS": ["*"],
}
"""Settings of the run: nothing is mailed, and requests are let in."""

QUICK_HASHER: Final = "django.contrib.auth.hashers.MD5PasswordHasher"
FAULTS: Final = f"{FaultMiddleware.__module__}.{FaultMiddleware.__name__}"


def prepare(name: str, _options: Options) -> list[Address]:
    """Set the project's settings before Django reads them, and what they should hold in a run."""
    os.environ["DJANGO_SETTINGS_MODULE"] = name
    for key, value in MEMORY.items():
        if hasattr(settings, key):
            setattr(settings, key, value)
    settings.CACHES = {
        alias: {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": f"audit-{alias}",
        }
        for alias in settings.CACHES
    }
    settings.STORAGES = {
        **settings.STORAGES,
        "default": BACKEND,
    }
    if settings.SESSION_ENGINE.endswith(".file"):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    # Log-in forms are filled in many times; what is hashed in a run is never a password.
    settings.PASSWORD_HASHERS = [QUICK_HASHER, *settings.PASSWORD_HASHERS]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, FAULTS]
    return [address for row in settings.DATABASES.values() for address in _addresses(row)]


def _addresses(database: Mapping[str, Any]) -> Iterator[Address]:
    """Yield where a database on this machine is reached, which it is over a socket of Python's."""
    host, port = str(database.get("HOST") or ""), database.get("PORT")
    if host and not host.startswith("/") and is_here(host):
        for name in dict.fromkeys((host, "127.0.0.1", "::1")):
            yield name, int(port) if port else None


@contextmanager
def open_target(_name: str, options: Options, canaries: Canaries) -> Iterator[Target]:
    """Start the project; leaving takes back what was done to its databases.

    :raises AuditError: when a database can't be rolled back, isn't there, or is elsewhere.
    """
    # As a server has it: the project's own module starts Django, once, and may wrap what it gets.
    application = get_internal_wsgi_application()
    keep_in_memory()
    with ExitStack() as stack:
        use = stack.enter_context(databases(options))
        cookies = log_in(canaries, options)
        yield Target(
            framework="Django",
            application=application,
            routes=list(routes_of(get_resolver(), canaries)),
            cookies=cookies,
            headers={"X-CSRFToken": cookies[settings.CSRF_COOKIE_NAME]},
            makes_faults=True,
            notes=use.notes,
            around=use.around,
        )
