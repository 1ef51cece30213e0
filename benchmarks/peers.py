"""The subjects: ours and the peers, each behind the same two calls.

``SUBJECTS`` is a table. A subject whose package is not installed is named with the reason, never
left out. Each is set up as its documentation says, with every rule it has for personal values
that says which kind it looks for, in its fastest form.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.events import VISITOR, Event


class Adapter(Protocol):
    """A subject, made ready. Both calls may change what they are given."""

    def string(self, text: str) -> str: ...

    def event(self, event: Event) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A subject of the benchmark."""

    name: str
    package: str
    """Its distribution on PyPI."""
    make: Callable[[], Adapter]
    note: str
    """How it is used, and what it can't do."""

    def version(self) -> str:
        return importlib.metadata.version(self.package)


@dataclass(frozen=True, slots=True)
class Ready:
    """A subject that works here."""

    subject: Subject
    adapter: Adapter


@dataclass(frozen=True, slots=True)
class Missing:
    """A subject that doesn't, and why."""

    subject: Subject
    reason: str


def ready(subject: Subject) -> Ready | Missing:
    """Make a subject and try it on a text and an event."""
    try:
        subject.version()
        adapter = subject.make()
        adapter.string("a text")
        adapter.event({"message": "a text", "extra": {"a": ["b"]}})
    except importlib.metadata.PackageNotFoundError:
        return Missing(subject, f"{subject.package} is not installed")
    except Exception as error:  # whatever keeps a peer from working is its reason
        return Missing(subject, f"{type(error).__name__}: {error}")
    return Ready(subject, adapter)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return a copy of plain containers with each text in them changed, keys left alone."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [mapped(part, change) for part in value]
    return value


class Ours:
    def __init__(self) -> None:
        from telemetry_core import PIIFilter

        self._filter = PIIFilter()
        self.string = self._filter.filter_string

    def event(self, event: Event) -> object:
        return self._filter.filter_event(event)

    def event_in_request(self, event: Event) -> object:
        """Filter an event as the gate does, with what is known of its visitor."""
        kind = "transaction" if event.get("type") == "transaction" else "event"
        policy = self._filter.policy
        return policy.apply(kind, event, known=policy.known(VISITOR)).payload


class EventScrubber:
    def __init__(self) -> None:
        from sentry_sdk.scrubber import EventScrubber as Scrubber

        self._scrubber = Scrubber(recursive=True, send_default_pii=False)

    def string(self, text: str) -> str:
        event = self.event({"extra": {"text": text}})
        return _text_of(event["extra"]["text"])

    def event(self, event: Event) -> Any:
        self._scrubber.scrub_event(event)  # type: ignore[arg-type]  # plain dicts are events, too
        return event


class SentryScrubber:
    def __init__(self) -> None:
        module: Any = importlib.import_module("sentry_scrubber.scrubber")
        self._scrubber = module.SentryScrubber()

    def string(self, text: str) -> str:
        return _text_of(self._scrubber.scrub_text(text, set()))

    def event(self, event: Event) -> object:
        return self._scrubber.scrub_event(event)


class Relay:
    # Those built in that name a kind of value. Not @anything, which takes all text, nor @uuid.
    RULES = (
        "@bearer @creditcard @email @iban @imei @ip "
        "@mac @password @pemkey @urlauth @userpath @usssn"
    ).split()

    def __init__(self) -> None:
        module: Any = importlib.import_module("sentry_relay.processing")
        self._strip = module.pii_strip_event
        # Fields that Relay takes for code or names are only read when they are named.
        fields = ("$string", "$frame.**", "$breadcrumb.**", "$span.**", "tags.**", "transaction")
        self._config = {"applications": dict.fromkeys(fields, self.RULES)}
        module.validate_pii_config(json.dumps(self._config))

    def string(self, text: str) -> str:
        event = self._strip(self._config, {"logentry": {"formatted": text}})
        return _text_of((event.get("logentry") or {}).get("formatted"))

    def event(self, event: Event) -> object:
        return self._strip(self._config, event)


class DataFog:
    def __init__(self) -> None:
        engine: Any = importlib.import_module("datafog.engine")

        def redacted(text: str) -> str:
            found = engine.scan_and_redact(text, engine="regex", locales=["de"])
            return str(found.redacted_text)

        self.string = redacted

    def event(self, event: Event) -> object:
        return mapped(event, self.string)


class DataFogCore:
    CONFIG: Mapping[str, Any] = {
        "scan": {"locale": "de"},
        "transform": {"default": {"strategy": "redact"}},
    }

    def __init__(self) -> None:
        module: Any = importlib.import_module("datafog_core")
        self._text = module.scan_and_transform
        self._structured = module.scan_and_transform_structured

    def string(self, text: str) -> str:
        return _text_of(self._text(text, self.CONFIG).text)

    def event(self, event: Event) -> object:
        return self._structured(event, self.CONFIG).data


class PiiCleaner:
    def __init__(self) -> None:
        module: Any = importlib.import_module("piicleaner")
        self._clean = module.clean_pii
        self._clean_all = module.clean_pii_batch

    def string(self, text: str) -> str:
        return _text_of(self._clean(text, "redact"))

    def event(self, event: Event) -> object:
        texts: list[str] = []

        def collect(text: str) -> str:
            texts.append(text)
            return text

        mapped(event, collect)
        cleaned = iter(self._clean_all(texts, "redact"))
        return mapped(event, lambda _text: next(cleaned))


class Fillmore:
    def __init__(self) -> None:
        module: Any = importlib.import_module("fillmore.scrubber")
        rule, scrub = module.Rule, module.scrub
        self._scrubber = module.Scrubber(
            rules=[
                *module.SCRUB_RULES_DEFAULT,
                rule(path="user", keys=["id", "email", "ip_address", "username"], scrub=scrub),
                rule(
                    path="request",
                    keys=["query_string"],
                    scrub=module.build_scrub_query_string(module.ALL_QUERY_STRING_KEYS),
                ),
                rule(path="request", keys=["cookies", "data"], scrub=scrub),
            ]
        )

    def string(self, text: str) -> str:
        return _text_of(self._scrubber({"message": text}, None)["message"])

    def event(self, event: Event) -> object:
        return self._scrubber(event, None)


def _text_of(value: object) -> str:
    """Return a text, empty where a subject left nothing or something else in its place."""
    return value if isinstance(value, str) else ""


SUBJECTS: tuple[Subject, ...] = (
    Subject(
        name="telemetry-core",
        package="telemetry-core",
        make=Ours,
        note="`PIIFilter()` with its defaults. Also drops the fields that the policy doesn't "
        "name, which costs as well as spares work.",
    ),
    Subject(
        name="EventScrubber",
        package="sentry-sdk",
        make=EventScrubber,
        note="`EventScrubber(recursive=True, send_default_pii=False)`. Looks at the names of "
        "keys and never at text.",
    ),
    Subject(
        name="sentry-scrubber",
        package="sentry-scrubber",
        make=SentryScrubber,
        note="`SentryScrubber()`. Knows IPv4 addresses, folders below home and SHA-1 hashes; "
        "passes over an event twice.",
    ),
    Subject(
        name="sentry-relay",
        package="sentry-relay",
        make=Relay,
        note="`pii_strip_event` with the built-in rules "
        + ", ".join(f"`{rule}`" for rule in Relay.RULES)
        + ". Reads JSON and compiles its rules at each call; `@password` empties every text "
        "that holds such a word.",
    ),
    Subject(
        name="datafog",
        package="datafog",
        make=DataFog,
        note="`scan_and_redact(text, engine='regex', locales=['de'])` on each text: with the only "
        "locale that adds kinds. Knows no events.",
    ),
    Subject(
        name="datafog-core",
        package="datafog-core",
        make=DataFogCore,
        note="`scan_and_transform`, and `scan_and_transform_structured` for events, with the "
        "locale `de` (Rust).",
    ),
    Subject(
        name="piicleaner",
        package="piicleaner",
        make=PiiCleaner,
        note="`clean_pii(text, 'redact')`, and `clean_pii_batch` on all texts of an event (Rust). "
        "Knows no events; takes any number for a case's.",
    ),
    Subject(
        name="fillmore",
        package="fillmore",
        make=Fillmore,
        note="`Scrubber` with its default rule and rules for the user and the request. Looks at "
        "the places it is told and never at text.",
    ),
)
