"""``telemetry audit`` for a Django project: its routes, a user, errors in its views.

The project's own database is used within a transaction that is rolled back, or a test database as
Django's test runner makes it.
"""

from __future__ import annotations

import inspect
import os
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import django
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from django.utils.regex_helper import normalize

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.faults import fail
from telemetry_core.audit.target import FAULT, AuditError, Options, Route, Target, names_in
from telemetry_core.collector import CollectorError
from telemetry_core.collector.server import loopback_address

MEMORY: Final[Mapping[str, object]] = {
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "SECURE_SSL_REDIRECT": False,
    "CSRF_USE_SESSIONS": False,
    "CSRF_COOKIE_MASKED": False,
    "ALLOWED_HOSTS": ["*"],
}
"""Settings of the run: nothing is mailed, and requests are let in."""

FAULTS: Final = f"{__name__}.FaultMiddleware"
CSRF_SECRET_LENGTH: Final = 32

SAFE_BY_KIND: Final[Mapping[str, tuple[object, ...]]] = {
    "int": (1,),
    "uuid": (uuid.UUID(int=1),),
    "float": (1.5,),
}


def prepare(name: str, _options: Options) -> None:
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
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    if settings.SESSION_ENGINE.endswith(".file"):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, FAULTS]


class FaultMiddleware:
    """The innermost middleware: lets a view do its work, and fails in its place if asked to."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        """Call the view and raise, where the request asks for it."""
        if not request.META.get(FAULT):
            return
        cause: BaseException | None = None
        try:
            (async_to_sync(view) if iscoroutinefunction(view) else view)(request, *args, **kwargs)
        except Exception as error:
            cause = error
        fail(_values(request, {**dict(enumerate(args)), **kwargs}), cause)


def _values(request: HttpRequest, arguments: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the view was given, as it reads it."""
    read: dict[str, Any] = {
        "arguments": {str(name): value for name, value in arguments.items()},
        "query": request.GET.dict(),
        "cookies": dict(request.COOKIES),
        "headers": dict(request.headers),
        "address": request.META.get("REMOTE_ADDR"),
    }
    # A body that the view has read in another way, or that is too large.
    with suppress(Exception):
        read["form"] = request.POST.dict()
        read["files"] = [file.name for _, files in request.FILES.lists() for file in files]
    with suppress(Exception):
        read["json"] = request.body.decode()
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        read["user"] = {
            "name": user.get_full_name() if hasattr(user, "get_full_name") else str(user),
            "login": user.get_username(),
            "email": getattr(user, "email", ""),
        }
    session = getattr(request, "session", None)
    if session is not None:
        read["session"] = {key: value for key, value in session.items() if not key.startswith("_")}
    return read


@contextmanager
def open_target(_name: str, options: Options, canaries: Canaries) -> Iterator[Target]:
    """Start the project; leaving takes back what was done to its databases.

    :raises AuditError: when a database can't be rolled back, isn't there, or is elsewhere.
    """
    django.setup()
    with ExitStack() as stack:
        notes = [stack.enter_context(_databases(options))]
        cookies = _log_in(canaries, options)
        from django.core.wsgi import get_wsgi_application

        yield Target(
            framework="Django",
            application=get_wsgi_application(),
            routes=list(_routes(get_resolver(), canaries)),
            cookies=cookies,
            headers={"X-CSRFToken": cookies[settings.CSRF_COOKIE_NAME]},
            makes_faults=True,
            notes=lambda: notes,
        )


@contextmanager
def _databases(options: Options) -> Iterator[str]:
    aliases = [alias for alias in connections if connections[alias].vendor != "unknown"]
    if options.database == "test":
        from django.test.utils import setup_databases, teardown_databases

        made = setup_databases(verbosity=0, interactive=False)
        try:
            yield "An empty test database was used, and is gone."
        finally:
            teardown_databases(made, verbosity=0)
        return
    if options.database_is_mine:
        yield "The database may have changed (--database-is-mine)."
        return
    for alias in aliases:
        _check_that_it_rolls_back(alias)
    with ExitStack() as stack:
        for alias in aliases:
            stack.enter_context(_rolled_back(alias))
        connection_created.connect(_refuse_another)
        stack.callback(connection_created.disconnect, _refuse_another)
        for signal in (request_started, request_finished):
            # As Django's own test client: the transaction is to outlive the request.
            signal.disconnect(close_old_connections)
        yield f"The transaction on {_listed(aliases)} was rolled back." if aliases else ""


def _listed(names: Sequence[str]) -> str:
    return f"the database{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _check_that_it_rolls_back(alias: str) -> None:
    connection: Any = connections[alias]
    given = connection.settings_dict
    why = ""
    if connection.vendor == "sqlite":
        name = str(given["NAME"])
        if not (connection.is_in_memory_db() or Path(name).exists()):
            why = f"there is no file {Path(name).name} yet"
    elif connection.vendor == "mysql":
        if not connection.features.supports_transactions:
            why = "its tables have no transactions"
    elif connection.vendor not in ("postgresql", "oracle"):
        why = f"nothing is known of transactions in {connection.vendor}"
    if not why and not _is_here(str(given.get("HOST") or "")):
        why = "it is on another host"
    if why:
        raise AuditError(
            f"The database {alias!r} can't be used and left as it is: {why}. "
            "Use an empty one (--database test), or say that it may change (--database-is-mine)."
        )


def _is_here(host: str) -> bool:
    if not host or host.startswith("/"):
        return True
    try:
        loopback_address(host)
    except CollectorError:
        return False
    return True


@contextmanager
def _rolled_back(alias: str) -> Iterator[None]:
    with transaction.atomic(using=alias):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=alias)


def _refuse_another(connection: Any, **_: object) -> None:
    """Close a connection that another thread has opened: its changes would stay."""
    connection.connection.close()
    connection.connection = None
    raise DatabaseError("telemetry audit: a second connection could not be rolled back")


def _log_in(canaries: Canaries, options: Options) -> dict[str, str]:
    """Make a user and a session of canaries, and return the cookies of the visitor."""
    cookies = {settings.CSRF_COOKIE_NAME: secrets.token_hex(CSRF_SECRET_LENGTH // 2)}
    apps = settings.INSTALLED_APPS
    if not any(app.startswith("django.contrib.sessions") for app in apps):
        return cookies
    from django.test import Client

    client = Client()
    try:
        if any(app.startswith("django.contrib.auth") for app in apps):
            client.force_login(_user(canaries))
        session = client.session
        session["customer"] = {"name": canaries["name"], "email": canaries["email"]}
        session["note"] = canaries["text"]
        session.update(options.session)
        session.save()
    except DatabaseError as error:
        raise AuditError(
            f"No user can be made in the database ({type(error).__name__}: {error}). Migrate it, "
            "or use an empty one: --database test."
        ) from error
    name = settings.SESSION_COOKIE_NAME
    return {**cookies, name: client.cookies[name].value}


USER: Final[Mapping[str, str]] = {
    "username": "username",
    "email": "email",
    "first_name": "name",
    "last_name": "address",
    "name": "name",
    "full_name": "name",
    "phone": "phone",
}


def _user(canaries: Canaries) -> Any:
    """Make a user who may do everything, so that views behind permissions are reached, too."""
    from django.contrib.auth import get_user_model

    model: Any = get_user_model()
    fields = {field.name: field for field in model._meta.concrete_fields}
    given: dict[str, Any] = {
        name: canaries[kind][: fields[name].max_length or None]
        for name, kind in {**USER, model.USERNAME_FIELD: "username"}.items()
        if name in fields
    }
    if model.USERNAME_FIELD == "email":
        given["email"] = canaries["email"]
    given |= {name: True for name in ("is_active", "is_staff", "is_superuser") if name in fields}
    user = model(**given)
    user.set_unusable_password()
    user.save()
    return user


def _routes(
    resolver: URLResolver, canaries: Canaries, before: Sequence[Any] = ()
) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        patterns = [*before, entry.pattern]
        if isinstance(entry, URLResolver):
            yield from _routes(entry, canaries, patterns)
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
