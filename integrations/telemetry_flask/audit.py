"""``telemetry audit`` for a Flask application: its routes, its session, errors in its views."""

from __future__ import annotations

import inspect
import itertools
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

from flask import Flask, current_app, request, session
from flask.cli import ScriptInfo
from werkzeug.datastructures import FileStorage
from werkzeug.routing import BaseConverter, BuildError, Rule
from werkzeug.routing import converters as shapes
from werkzeug.utils import secure_filename

from telemetry_core.audit import copies, plain
from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.faults import fail
from telemetry_core.audit.target import FAULT, AuditError, Options, Route, Target, names_in
from telemetry_flask.application import FOUND

prepare = plain.prepare

ARGUMENTS: Final[tuple[tuple[type[BaseConverter], object], ...]] = (
    (shapes.IntegerConverter, 1),
    (shapes.FloatConverter, 1.5),
    (shapes.UUIDConverter, uuid.UUID(int=1)),
)
"""Values for converters that take no text."""

USER: Final = {
    "username": "username",
    "name": "name",
    "full_name": "user",
    "first_name": "name",
    "email": "email",
    "phone": "phone",
    "address": "address",
}
"""Attributes of the user of Flask-Login, and the canaries they hold."""


@contextmanager
def open_target(name: str, options: Options, canaries: Canaries) -> Iterator[Target]:
    """Load the application as ``flask --app NAME`` does, its views made to fail on request."""
    app = ScriptInfo(app_import_path=None if name == FOUND else name).load_app()
    _keep_uploads_apart()
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _failing(app, view)
    _log_in(app, canaries)
    routes = [
        route
        for rule in app.url_map.iter_rules()
        if not rule.websocket and (route := _route(app, rule, canaries)) is not None
    ]
    yield Target(
        framework="Flask",
        application=app,
        routes=routes,
        cookies=_session_cookies(app, canaries, options),
        makes_faults=True,
        notes=copies.notes,
    )


def _keep_uploads_apart() -> None:
    """Write uploads to a folder that is gone in the end, and not over files that are there."""
    folder = TemporaryDirectory(prefix="telemetry-audit-", ignore_cleanup_errors=True)
    numbers = itertools.count()
    original = FileStorage.save

    def save(self: FileStorage, dst: Any, buffer_size: int = 16384) -> None:
        if isinstance(dst, str | os.PathLike):
            dst = Path(folder.name) / str(next(numbers))
        original(self, dst, buffer_size)

    vars_of: Any = FileStorage
    vars_of.save = save


def _failing(app: Flask, view: Callable[..., Any]) -> Callable[..., Any]:
    def answer(**arguments: Any) -> Any:
        if not request.environ.get(FAULT):
            return app.ensure_sync(view)(**arguments)
        cause: BaseException | None = None
        try:
            app.ensure_sync(view)(**arguments)
        except Exception as error:
            cause = error
        return fail(_values(arguments), cause)

    # What other code looks at: flags of extensions, the function's name.
    vars(answer).update(vars(view))
    answer.__name__ = getattr(view, "__name__", "view")
    answer.__wrapped__ = view  # type: ignore[attr-defined]  # as functools.wraps does
    return answer


def _values(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the view was given, as it reads it."""
    read: dict[str, Any] = {
        "arguments": dict(arguments),
        "query": request.args.to_dict(),
        "cookies": dict(request.cookies),
        "headers": dict(request.headers),
        "session": dict(session),
        "address": request.remote_addr,
    }
    # A body that the view has read in another way, or that is too large.
    with suppress(Exception):
        read["form"] = request.form.to_dict()
        read["files"] = [file.filename for _, file in request.files.items(multi=True)]
        read["stored"] = [secure_filename(str(name)) for name in read["files"]]
    with suppress(Exception):
        read["json"] = request.get_json(silent=True)
    if getattr(current_app, "login_manager", None) is not None:
        from flask_login import current_user

        read["user"] = {name: getattr(current_user, name, None) for name in USER}
    return read


def _log_in(app: Flask, canaries: Canaries) -> None:
    """Make somebody of canaries the user whom Flask-Login loads, where the application has it."""
    manager: Any = getattr(app, "login_manager", None)
    if manager is None:
        return
    load = manager._user_callback

    def user(user_id: str) -> Any:
        found = None
        with suppress(Exception):
            found = load(user_id) if load is not None else None
        if found is not None:
            return found
        fields = {name: canaries[kind] for name, kind in USER.items()}
        return SimpleNamespace(
            **fields,
            id=user_id,
            is_authenticated=True,
            is_active=True,
            is_anonymous=False,
            get_id=lambda: user_id,
        )

    manager._user_callback = user


def _session_cookies(app: Flask, canaries: Canaries, options: Options) -> dict[str, str]:
    if not app.secret_key:
        return {}
    client = app.test_client()
    with client.session_transaction() as held:
        held["_user_id"] = "1"
        held["_fresh"] = True
        held["customer"] = {"name": canaries["name"], "email": canaries["email"]}
        held["note"] = canaries["session"]
        held.update({key: _typed(value) for key, value in options.session.items()})
    cookie = client.get_cookie(app.session_interface.get_cookie_name(app))
    if cookie is None:
        raise AuditError("The application's session interface sets no cookie.")
    return {cookie.key: cookie.value}


def _typed(value: str) -> object:
    return int(value) if value.isascii() and value.isdigit() else value


def _route(app: Flask, rule: Rule, canaries: Canaries) -> Route | None:
    arguments = {
        name: _argument(name, rule._converters[name], canaries)
        for name in rule.arguments - set(rule.defaults or ())
    }
    try:
        with app.test_request_context("/"):
            path = app.url_map.bind("localhost").build(rule.endpoint, arguments, "GET")
    except BuildError:
        try:
            method = min(rule.methods or {"GET"})
            path = app.url_map.bind("localhost").build(rule.endpoint, arguments, method)
        except BuildError:
            return None
    view = inspect.unwrap(app.view_functions[rule.endpoint])
    code = getattr(view, "__code__", None)
    return Route(
        pattern=rule.rule,
        path=_unquoted(path),
        methods=sorted(rule.methods or {"GET"}),
        fields=names_in(code) if code is not None else (),
        file=os.path.relpath(code.co_filename) if code is not None else "",
        line=code.co_firstlineno if code is not None else 1,
    )


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path.partition("?")[0])


def _argument(name: str, converter: BaseConverter, canaries: Canaries) -> object:
    for kind, value in ARGUMENTS:
        if isinstance(converter, kind):
            return value
    if isinstance(converter, shapes.AnyConverter):
        return sorted(converter.items)[0]
    return canaries.for_field(name).replace("/", "-")
