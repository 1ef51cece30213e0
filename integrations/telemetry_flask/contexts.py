"""Application contexts outside requests, in a process of several applications with their own."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask
from flask.signals import appcontext_popped, appcontext_pushed

from telemetry_core import TelemetryConfig
from telemetry_core.request import current_request
from telemetry_core.scopes import Bound, RequestScope
from telemetry_flask.facts import FlaskFacts

_configs: WeakKeyDictionary[Flask, TelemetryConfig] = WeakKeyDictionary()

_Entry = tuple[RequestScope, Bound] | None
"""What an application context has bound; None where it is its request's, which has."""

_entered: ContextVar[tuple[_Entry, ...]] = ContextVar("telemetry_flask_contexts", default=())


def keep_apart(app: Flask, config: TelemetryConfig) -> None:
    """See that what is captured in an application's contexts goes where its telemetry goes.

    With one telemetry in the process that is so anyway, and costs nothing.
    """
    _configs[app] = config
    if len({id(each) for each in _configs.values() if each.active}) > 1:
        for each in _configs:
            appcontext_pushed.connect(_enter, each)
            appcontext_popped.connect(_leave, each)


def _enter(app: Flask, **_: Any) -> None:
    config = _configs[app]
    telemetry = current_request()
    facts = telemetry.facts if telemetry is not None else None
    entry: _Entry = None
    if config.active and not (isinstance(facts, FlaskFacts) and facts.app is app):
        scope = RequestScope(None, config.client)
        entry = scope, scope.bind()
    _entered.set((*_entered.get(), entry))


def _leave(_app: Flask, **_: Any) -> None:
    entries = _entered.get()
    _entered.set(entries[:-1])
    if entries and entries[-1] is not None:
        scope, bound = entries[-1]
        scope.unbind(bound)
