"""Find the function that says whether a visitor has consented."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any, cast

from telemetry_core.settings.forms import Fault, Refused, did_you_mean, shown

Consent = Callable[[Any], bool]
"""Takes the framework's request and returns whether its visitor has consented."""

_DOTTED_PATH = re.compile(r"(?!\d)\w+(\.(?!\d)\w+)*([.:](?!\d)\w+)(\.(?!\d)\w+)*")


def load_consent(value: object) -> Consent:
    """Return the consent function that ``value`` is or names.

    A name is a dotted path, ``package.module.function`` or ``package.module:function``, and is
    imported. Raises `Refused` for what can't be imported, can't be called with one argument, or
    answers with a coroutine or generator: such an answer is true whatever comes of it. Whether
    the function tells the truth is not checked.
    """
    found = _import(value) if isinstance(value, str) else value
    subject = shown(value)
    if not callable(found):
        raise Refused(Fault(got=subject, kind="type", hint="It can't be called."))
    if isinstance(found, type):
        hint = "It is a class: what calling it makes is true."
        raise Refused(Fault(got=subject, kind="type", hint=hint))
    if _answers_later(found) or _answers_later(type(found).__call__):
        hint = "It must be a plain function: what an async one or a generator returns is true."
        raise Refused(Fault(got=subject, kind="type", hint=hint))
    if not _takes_one_argument(found):
        hint = "It must take one argument, the request."
        raise Refused(Fault(got=subject, kind="type", hint=hint))
    return cast(Consent, found)


def _answers_later(function: object) -> bool:
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or inspect.isgeneratorfunction(function)
    )


def _takes_one_argument(function: Callable[..., object]) -> bool:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):  # some builtins don't tell
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True


def _import(path: str) -> object:
    if not _DOTTED_PATH.fullmatch(path):
        raise Refused(Fault(got=shown(path), hint="It is not a dotted path."))
    modules, _, attributes = path.partition(":")
    parts = modules.split(".")
    if attributes:
        found, at = _import_module(path, modules), modules
        names = attributes.split(".")
    else:
        found, at, names = _import_longest(path, parts)
    for name in names:
        try:
            found = getattr(found, name)
        except AttributeError:
            hint = f"{at!r} has no {name!r}. {did_you_mean(name, dir(found))}".rstrip()
            raise Refused(Fault(got=shown(path), hint=hint)) from None
        except Exception as error:  # a module may load its attributes late, and fail at it
            hint = f"Looking up {name!r} in {at!r} raised {type(error).__name__}."
            raise Refused(Fault(got=shown(path), hint=hint)) from error
        at = f"{at}.{name}"
    return found


def _import_longest(path: str, parts: list[str]) -> tuple[object, str, list[str]]:
    """Import as many of ``parts`` as are modules, never the last; the others are attributes."""
    found, count = _import_module(path, parts[0]), 1
    while count < len(parts) - 1:
        module = ".".join(parts[: count + 1])
        try:
            found = _import_module(path, module)
        except Refused as refused:
            cause = refused.__cause__
            if isinstance(cause, ModuleNotFoundError) and cause.name == module:
                break
            raise
        count += 1
    return found, ".".join(parts[:count]), parts[count:]


def _import_module(path: str, name: str) -> object:
    cause: Exception
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        why, cause = f"there is no module {error.name!r}", error
    except Exception as error:  # a module may raise anything while it is imported
        why, cause = f"that raised {type(error).__name__}", error
    raise Refused(Fault(got=shown(path), hint=f"Importing {name!r} failed: {why}.")) from cause
