"""What would be sent with some settings: the list that a data-protection officer asks for.

Generated from the tables that the gate works by, and from the options that the SDK would get.
Holds nothing that changes by itself: no time, no release, no key; the same settings and versions
give the same list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sentry_sdk.consts import DEFAULT_OPTIONS

from telemetry_core.config import TelemetryConfig
from telemetry_core.filter.detectors import DETECTORS, build_detectors
from telemetry_core.filter.keys import ALLOWED, KeyRules
from telemetry_core.options import build_options
from telemetry_core.policy.catalogue import SECTIONS
from telemetry_core.policy.map_rules import never_leaves
from telemetry_core.policy.table import OUTCOMES, RULES, Row
from telemetry_core.settings import Settings
from telemetry_core.versions import version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of the list."""

    title: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """The first cell of a row names it, and is the only one of that name in its table."""


def disclose(settings: Settings) -> tuple[Section, ...]:
    """Return the list for these settings. Starts nothing and sends nothing.

    :raises telemetry_core.SettingsError: when the SDK can't be started with them.
    """
    config = TelemetryConfig(settings)
    options = {**DEFAULT_OPTIONS, **build_options(settings, config.gate)}
    return (
        Section(
            title="Versions",
            text="An upgrade may change what follows.",
            columns=("Package", "Version"),
            rows=tuple((name, version_of(name)) for name in ("telemetry-core", "sentry-sdk")),
        ),
        Section(
            title="Settings",
            text="What holds for all that is sent.",
            columns=("What", "Set to", "Meaning"),
            rows=tuple(_settings(settings)),
        ),
        Section(
            title="Kinds of items",
            text="What is sent, and when.",
            columns=("Kind", "Sent"),
            rows=tuple(_kinds(options)),
        ),
        Section(
            title="Keys",
            text="Of tags, contexts, attributes and other maps that the application fills, these"
            " keys leave with their values filtered; any other key leaves with [Filtered] in place"
            " of its value. What names a credential never leaves.",
            columns=("Key", "Leaves", "By"),
            rows=tuple(_keys(settings)),
        ),
        Section(
            title="Detectors",
            text="What is looked for in every text that leaves. Examples: docs/detectors.md.",
            columns=("Detector", "Becomes", "State"),
            rows=tuple(_detectors(settings)),
        ),
        *(
            Section(
                title=title,
                text=meaning,
                columns=("Field", "Leaves", "How", "Why"),
                rows=tuple(_field(row, settings) for row in rows),
            )
            for title, (meaning, rows) in SECTIONS.items()
        ),
    )


def _settings(settings: Settings) -> Iterator[tuple[str, ...]]:
    yield (
        "Telemetry",
        "on" if settings.enabled else "off",
        "" if settings.enabled else "Nothing is sent. What follows would be, if it were on.",
    )
    recipient = urlsplit(settings.dsn).hostname if settings.dsn else None
    yield "Recipient", recipient or "none", "The host of TELEMETRY_DSN."
    yield "Environment", settings.environment, "Given or detected; sampling goes by it."
    yield "Visitor", settings.session_scope, _SCOPES[settings.session_scope]
    consent = settings.consent
    yield (
        "Consent",
        "not asked" if consent is None else _name_of(consent),
        "Every visitor counts as consenting."
        if consent is None
        else "Without consent nothing of a request is sent; an error in asking means no.",
    )
    yield "Sec-GPC, DNT", settings.gpc, _SIGNALS[settings.gpc]
    yield "Headers", _listed(_headers(settings)), "Request headers that leave, filtered."
    yield (
        "Instrumented",
        _listed(settings.instrument),
        "Integrations of sentry-sdk, behind the gate.",
    )
    yield (
        "Options of the SDK",
        _listed(sorted(settings.sentry_options)),
        "TELEMETRY_SENTRY_OPTIONS, by name; none weakens the gate.",
    )


_SCOPES: Final[Mapping[str, str]] = {
    "request": "A random id for each request: nobody can be followed.",
    "visitor": "A pseudonym that lasts a day and is the same in each request of a visitor.",
}
_SIGNALS: Final[Mapping[str, str]] = {
    "anonymise": "Of such a visitor errors alone are sent, with no id.",
    "drop": "Of such a visitor nothing is sent.",
    "ignore": "Such a visitor's requests are treated as all others.",
}


def _kinds(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    experiments = options.get("_experiments") or {}

    def is_on(name: str) -> bool:
        return bool(options.get(name) or experiments.get(name))

    traces = _share(options, "traces")
    streamed = options.get("trace_lifecycle") == "stream"
    yield "event", f"errors and messages{_sampled(options)}"
    yield "transaction", "never: spans are streamed" if streamed else f"{traces} of requests"
    yield "span", f"of {traces} of requests" if streamed else "never: they are in transactions"
    profiles = _share(options, "profile_session", "profiles")
    yield "profile, profile_chunk", f"{profiles} of processes, of traced requests"
    yield "log", "each line" if is_on("enable_logs") else "never: enable_logs is off"
    metrics = is_on("enable_metrics")
    yield "trace_metric", "each the application records" if metrics else "never: no metrics"
    sessions = is_on("auto_session_tracking")
    yield (
        "session, sessions",
        "requests, counted by the minute" if sessions else "never: auto_session_tracking is off",
    )
    yield "check_in", "each the application reports"
    yield "feedback", "each the application hands over"
    yield "attachment", "text handed over with attach_text, with events"
    reports = is_on("send_client_reports")
    yield "client_report", "counts of what was not sent" if reports else "never"
    yield "any other, such as replays", "never"


def _share(options: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if callable(options.get(f"{name}_sampler")):
            return "a share that a function decides"
        rate = options.get(f"{name}_sample_rate")
        if rate is not None:
            return f"{float(rate) * 100:g} %"
    return "0 %"


def _sampled(options: Mapping[str, Any]) -> str:
    rate = options.get("sample_rate")
    return f", {float(rate):g} of them" if rate is not None and rate != 1.0 else ""


def _keys(settings: Settings) -> Iterator[tuple[str, str, str]]:
    rules = KeyRules(allow=settings.allow_fields, deny=settings.deny_fields)
    for key in dict.fromkeys(settings.deny_fields):
        yield key, "dropped", "TELEMETRY_DENY_FIELDS"
    denied = frozenset(settings.deny_fields)
    for names, by in ((settings.allow_fields, "TELEMETRY_ALLOW_FIELDS"), (ALLOWED, "the policy")):
        for key in dict.fromkeys(names):
            if key in denied or (by == "the policy" and key in settings.allow_fields):
                continue
            # A glob is denied key by key.
            is_kept = _GLOB.search(key) is not None or rules.allows(key)
            yield key, "filtered" if is_kept else "dropped", by


_GLOB = re.compile(r"[*?\[]")


def _detectors(settings: Settings) -> Iterator[tuple[str, str, str]]:
    built_in = {row.name: row for row in DETECTORS}
    running = {row.name: row for row in build_detectors(settings.detectors)}
    for name, row in running.items():
        if name not in built_in:
            yield name, row.token, "added in TELEMETRY_DETECTORS"
    for name, row in built_in.items():
        found = running.get(name)
        if found is None:
            yield name, "nothing", "switched off in TELEMETRY_DETECTORS"
        elif found is row:
            yield name, row.token or "nothing: cut out", "on"
        else:
            yield name, found.token, "replaced in TELEMETRY_DETECTORS"


def _field(row: Row, settings: Settings) -> tuple[str, str, str, str]:
    outcome, how = OUTCOMES[row.rule], row.form.means if row.form is not None else RULES[row.rule]
    if row.rule == "headers":
        headers = _headers(settings)
        if headers:
            how = _listed(headers)
        else:
            outcome, how = "dropped", "none is listed"
    elif row.rule == "session":
        how = (
            "the random id of a request"
            if settings.session_scope == "request"
            else ("the visitor's pseudonym of the day")
        )
    return row.path, outcome, how, row.why


def _headers(settings: Settings) -> list[str]:
    return sorted(name for name in settings.allow_headers if not never_leaves(name))


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"


def _name_of(function: object) -> str:
    module = getattr(function, "__module__", None) or "?"
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"
