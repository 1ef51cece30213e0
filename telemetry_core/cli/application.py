"""The application whose telemetry a verb speaks of, and the three ways in which it is named.

1. ``telemetry VERB --django SETTINGS_MODULE`` or ``--flask MODULE[:FACTORY]``: loaded by the
   adapter's module ``application``, found by its dotted name (`ADAPTERS`): the core imports no
   framework.
2. ``manage.py telemetry VERB`` and ``flask telemetry VERB``: the framework's own command passes a
   `Host`, which hands over the application that it has loaded.
3. Neither: then the ``TELEMETRY_`` variables of the environment are all there is.

A verb that needs it is decorated with `takes_application`, and gets an `Application`.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import click

from telemetry_core.cli.exits import Exit

if TYPE_CHECKING:
    from telemetry_core.settings import Settings

Level = Literal["ok", "note", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What there is to say of one thing: of a setting, a version, the order of middleware."""

    level: Level
    """``problem``: telemetry doesn't do what it promises, or nothing at all; ``warning``: it may
    not; ``note``: to be known; ``ok``."""
    subject: str
    text: str
    """One sentence. Never holds a DSN's key, nor a value that may be personal."""
    hint: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application, loaded as far as its settings allow.

    Made by an adapter's ``application`` module, which offers two functions to make it:
    ``load(name: str) -> Application`` for ``--django`` and ``--flask``, and one that takes what the
    framework's own command has at hand.
    """

    name: str
    """As the user named it: a settings module, ``module:factory``, or ``the environment``."""
    framework: str = ""
    """``Django`` or ``Flask``; empty where there is no application."""
    version: str = ""
    """The framework's version."""
    adapter: str = ""
    """The package of the adapter, such as ``telemetry_django``: what a verb must know of a
    framework it imports from there by name, e.g. ``telemetry_django.audit``."""
    target: Any = None
    """The Flask application; None for Django, which has one in a process, and where there is none
    because its settings are wrong."""
    given: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The ``TELEMETRY_`` settings that code has given, unread."""
    settings: Callable[[], Settings] = field(repr=False)
    """Reads the settings as the application does.

    :raises telemetry_core.SettingsError: with every problem there is.
    """
    middleware: tuple[str, ...] = ()
    """Dotted names of the middleware in the order in which a request passes it."""
    findings: Callable[[], Sequence[Finding]] = field(default=lambda: (), repr=False)
    """What the adapter has to say of the set-up: what is missing, or in the wrong order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A framework's own command that the verbs are part of: ``manage.py``, ``flask``."""

    load: Callable[[], Application]
    """Hands over the application. Called once, and only by a verb that needs it."""


ADAPTERS: Final[Mapping[str, str]] = {
    "django": "telemetry_django.application",
    "flask": "telemetry_flask.application",
}
"""Options that name an application, and the modules whose ``load`` takes what they name."""

OPTIONS: Final = (
    click.Option(
        ["--django"],
        metavar="MODULE",
        help="Settings module of a Django project, such as shop.settings.",
    ),
    click.Option(
        ["--flask"],
        metavar="MODULE:FACTORY",
        help="Flask application, as flask --app takes it: shop, shop:app, 'shop:create_app()'.",
    ),
)

F = TypeVar("F", bound=Callable[..., Any])


def takes_application(function: F) -> F:
    """Give a verb the options that name an application, and pass it as ``application``.

    Where a framework's own command is the host, there are no such options.
    """

    @functools.wraps(function)
    def with_application(*arguments: Any, **options: Any) -> Any:
        named = {name: options.pop(name, None) for name in ADAPTERS}
        context = click.get_current_context()
        return function(*arguments, application=find_application(context, named), **options)

    params = getattr(function, "__click_params__", [])
    # Click takes them from the last to the first.
    with_application.__click_params__ = [*params, *reversed(OPTIONS)]  # type: ignore[attr-defined]
    return with_application  # type: ignore[return-value]  # as click's own decorators


def find_application(context: click.Context, named: Mapping[str, str | None]) -> Application:
    """Return the application of the host, or the one that was named, or the environment's.

    :raises click.UsageError: when more than one is named.
    :raises click.ClickException: with the code `Exit.APPLICATION` when it can't be loaded.
    """
    host = context.find_object(Host)
    if host is not None:
        return host.load()
    given = {name: value for name, value in named.items() if value}
    if len(given) > 1:
        raise click.UsageError("name one application: either --django or --flask")
    for name, reference in given.items():
        return _loaded(name, reference)
    return from_environment()


def _loaded(adapter: str, reference: str) -> Application:
    # As for `python -m`: a script has its own folder there in place of the current one.
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        loaded: Application = importlib.import_module(ADAPTERS[adapter]).load(reference)
    except Exception as error:
        raise NotLoaded(f"--{adapter} {reference}", error) from error
    return loaded


class NotLoaded(click.ClickException):
    """An application that can't be loaded; says which error its code raised."""

    exit_code = Exit.APPLICATION

    def __init__(self, name: str, error: Exception) -> None:
        # Flask's own say all there is; another's type says half of it.
        said = (
            error.format_message()
            if isinstance(error, click.ClickException)
            else f"{type(error).__name__}: {error}"
        )
        super().__init__(f"{name} can't be loaded: {said}")


def from_environment() -> Application:
    """Return what stands for an application where none was named."""

    def settings() -> Settings:
        from telemetry_core.settings import read_settings

        return read_settings({})

    return Application(name="the environment", settings=settings)
