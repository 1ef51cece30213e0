"""The options of ``sentry_sdk.init``: collect as little as the installed SDK can.

Built from the options that the installed SDK knows, never from its version number. The gate needs
none of them to hold; what is not collected costs nothing and can't be seen by anybody's hook.
"""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.integrations import DidNotEnable, Integration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.integrations.unraisablehook import UnraisablehookIntegration
from sentry_sdk.transport import Transport

from telemetry_core.drops import LOGGER_NAME
from telemetry_core.errors import Problem, SettingsError
from telemetry_core.hooks import TelemetryIntegration, batched, careful
from telemetry_core.loggers import keep_out
from telemetry_core.policy.limits import CUT_ZONE, MAX_TEXT
from telemetry_core.transports import gated_transport

if TYPE_CHECKING:
    from telemetry_core.gate import Gate
    from telemetry_core.settings import Settings

_OFF: Final = {"mode": "off"}

COLLECT_LITTLE: Final[Mapping[str, Any]] = {
    # The successor of send_default_pii; permissive for every category it isn't told of.
    "data_collection": {
        "user_info": False,
        "cookies": _OFF,
        "http_headers": {"request": _OFF},
        "http_bodies": [],
        "url_query_params": _OFF,
        "graphql": {"document": False, "variables": False},
        "gen_ai": {"inputs": False, "outputs": False},
        "database_query_data": False,
        "queues": False,
        "stack_frame_variables": False,
        "frame_context_lines": 5,
    },
    "include_local_variables": False,
    "max_request_body_size": "never",
    "max_breadcrumbs": 50,
    "server_name": "",
    # Headers to other hosts would carry our visitors' trace to them.
    "trace_propagation_targets": [],
    # Never counted against the user: what is dropped here is counted by ourselves.
    "send_client_reports": False,
    # None would let the variable SENTRY_SPOTLIGHT switch on a copy of everything, unfiltered.
    "spotlight": False,
    "default_integrations": False,
    "auto_enabling_integrations": False,
}

# Where data_collection is not known.
_COLLECT_LITTLE_BEFORE: Final[Mapping[str, Any]] = {"send_default_pii": False}

BATCHED_HOOKS: Final = ("before_send_log", "before_send_metric", "before_send_span")

# Those that the SDK calls where it doesn't expect them to raise, and what they decide on.
HOOKS_IN_THE_APP: Final[Mapping[str, str]] = {
    "before_breadcrumb": "breadcrumb",
    "traces_sampler": "transaction",
    "profiles_sampler": "profile",
}

# Options that were experiments once, and are still taken as such.
GROWN_UP: Final = frozenset(("data_collection", "enable_logs", "trace_lifecycle", *BATCHED_HOOKS))

# These carry the trace of our visitor in the messages they send, which is not asked for.
_CALM: Final[Mapping[str, Mapping[str, Any]]] = {"celery": {"propagate_traces": False}}

REFUSED_OPTIONS: Final[tuple[tuple[str, Callable[[Any], bool], str, str], ...]] = (
    (
        "spotlight",
        bool,
        "False",
        "Spotlight gets a copy of everything before it is filtered.",
    ),
    (
        "instrumenter",
        lambda value: value not in (None, "sentry"),
        "'sentry'",
        "OpenTelemetry's exporters send on their own, past the gate.",
    ),
    (
        "transport",
        lambda value: not (value is None or isinstance(value, Transport) or callable(value)),
        "a transport",
        "Pass a class, an object or a function that takes what is to be sent.",
    ),
)
REFUSED_INTEGRATIONS: Final[Mapping[str, str]] = {
    "opentelemetry": "It puts the trace and the visitor's baggage in requests to every host.",
    "otlp": "It sends to the server on its own, past the gate.",
    "spotlight": "Spotlight gets a copy of everything before it is filtered.",
}


def build_options(settings: Settings, gate: Gate) -> dict[str, Any]:
    """Return the options for ``sentry_sdk.init``.

    What the user passes in ``TELEMETRY_SENTRY_OPTIONS`` comes on top, and behind the gate.

    :raises SettingsError: when an option or integration would go around the gate, or an
        integration can't be switched on.
    """
    given = dict(settings.sentry_options)
    experiments = dict(given.pop("_experiments", None) or {})
    for name in GROWN_UP & DEFAULT_OPTIONS.keys() & experiments.keys():
        given.setdefault(name, experiments.pop(name))
    problems = [*_refused_options(given), *_refused_experiments(experiments)]
    integrations = [*_own_integrations(), *_instrumented(settings, problems)]
    for integration in _given_integrations(given.pop("integrations", None), problems):
        reason = _reason_against(integration)
        if reason is not None:
            problems.append(
                _problem("integrations without it", f"{integration.identifier!r}", reason)
            )
        # Of two of a kind the user's counts.
        integrations = [own for own in integrations if own.identifier != integration.identifier]
        integrations.append(integration)
    if problems:
        raise SettingsError(problems)

    # The second prints envelopes: each of its records holds one, and would be a breadcrumb.
    keep_out(LOGGER_NAME, "sentry_sdk.envelopes")
    options: dict[str, Any] = {**COLLECT_LITTLE, **_COLLECT_LITTLE_BEFORE}
    if "data_collection" in DEFAULT_OPTIONS and "data_collection" in given:
        # The SDK would ignore it as well, but with a warning.
        given.pop("send_default_pii", None)
    if "data_collection" in DEFAULT_OPTIONS and "send_default_pii" not in given:
        del options["send_default_pii"]
    elif "send_default_pii" in given:
        del options["data_collection"]
    options |= {
        "dsn": settings.dsn,
        "environment": settings.environment,
        # An empty one keeps the SDK from asking the environment and git for it.
        "release": settings.release or "",
        "traces_sample_rate": settings.traces_sample_rate or None,
        # Profiles only what is traced; by a rate for the whole process.
        "profile_session_sample_rate": settings.profiles_sample_rate or None,
        "profile_lifecycle": "trace",
        "debug": settings.debug,
        **given,
        # The policy cuts texts when it has read them; half a value is told by nobody. In bytes.
        "max_value_length": 4 * (MAX_TEXT + CUT_ZONE),
        "integrations": integrations,
        "spotlight": False,
        "transport": gated_transport(given.get("transport"), gate),
    }
    for name, kind in HOOKS_IN_THE_APP.items():
        if given.get(name) is not None:
            options[name] = careful(given[name], gate, kind)
    options["_experiments"] = experiments
    for name in BATCHED_HOOKS:
        if name == "before_send_span" and options.get("trace_lifecycle") != "stream":
            continue
        place = options if name in DEFAULT_OPTIONS else experiments
        place[name] = batched(place.get(name), name.removeprefix("before_send_"), gate)
    return {name: value for name, value in options.items() if name in DEFAULT_OPTIONS}


def _own_integrations() -> list[Integration]:
    return [
        TelemetryIntegration(),
        # The SDK's own would print to stderr that it is waiting.
        AtexitIntegration(callback=lambda *_: None),
        DedupeIntegration(),
        ExcepthookIntegration(),
        LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
        ThreadingIntegration(),
        UnraisablehookIntegration(),
    ]


def _given_integrations(given: Any, problems: list[Problem]) -> list[Integration]:
    """Return the user's integrations; add to ``problems`` what is none."""
    if given is not None and not isinstance(given, list | tuple):
        problems.append(_problem("integrations=[...]", "integrations that are no list", _OBJECTS))
        return []
    integrations = list(given or ())
    wrong = sum(not isinstance(integration, Integration) for integration in integrations)
    if wrong:
        got = f"integrations of which {wrong} are no objects of that class"
        problems.append(_problem("integrations=[...]", got, _OBJECTS))
    return [found for found in integrations if isinstance(found, Integration)]


_OBJECTS: Final = "Pass a list of objects, or switch them on by name in TELEMETRY_INSTRUMENT."


def _refused_options(given: Mapping[str, Any]) -> list[Problem]:
    return [
        _problem(f"{name}={allowed}", f"another {name}", reason)
        for name, is_refused, allowed, reason in REFUSED_OPTIONS
        if name in given and is_refused(given[name])
    ]


def _reason_against(integration: Integration) -> str | None:
    # One that is made out of a refused one does what that does, whatever it is called.
    mro = type(integration).__mro__
    reasons = (REFUSED_INTEGRATIONS.get(vars(kind).get("identifier", "")) for kind in mro)
    return next(filter(None, reasons), None)


def _refused_experiments(experiments: Mapping[str, Any]) -> list[Problem]:
    # It switches the integration on that may not be switched on by its name.
    if not experiments.get("otel_powered_performance"):
        return []
    allowed = "_experiments without 'otel_powered_performance'"
    got = "_experiments with it"
    return [_problem(allowed, got, REFUSED_INTEGRATIONS["opentelemetry"])]


def _problem(allowed: str, got: str, reason: str, setting: str = "SENTRY_OPTIONS") -> Problem:
    return Problem(setting=f"TELEMETRY_{setting}", allowed=allowed, got=got, hint=reason)


def _instrumented(settings: Settings, problems: list[Problem]) -> list[Integration]:
    """Make the integrations that ``TELEMETRY_INSTRUMENT`` names; add to ``problems`` what fails."""
    made: list[Integration] = []
    for name in settings.instrument:
        if name in REFUSED_INTEGRATIONS:
            problems.append(
                _problem(
                    "integrations that pass the gate",
                    repr(name),
                    REFUSED_INTEGRATIONS[name],
                    "INSTRUMENT",
                )
            )
            continue
        try:
            made.append(_integration(name))
        except (DidNotEnable, ImportError) as error:
            missing = getattr(error, "name", None) or name
            problems.append(
                _problem(
                    "integrations whose libraries are installed",
                    repr(name),
                    f"{missing} is not installed, or not in a version that sentry-sdk knows.",
                    "INSTRUMENT",
                )
            )
    return made


def _integration(name: str) -> Integration:
    module = importlib.import_module(f"sentry_sdk.integrations.{name}")
    for _, found in inspect.getmembers(module, inspect.isclass):
        if issubclass(found, Integration) and found.identifier == name:
            return found(**_CALM.get(name, {}))
    raise ImportError(f"no integration {name}", name=name)
