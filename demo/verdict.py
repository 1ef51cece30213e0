"""Decide whether the run went as it should: what had to arrive, and what had to stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.requests import Sent
from telemetry_core.collector import Collector, Entry, Leak, Planted, entries_of, find_leaks


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An item that a request should make its app send."""

    sent: Sent
    type: str
    """``event`` or ``transaction``."""
    title: str
    """How its title should begin; empty for a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was expected, and the item that turned up for it, if any."""

    expected: Expected
    entry: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a run."""

    matches: tuple[Match, ...]
    unasked: tuple[Entry, ...]
    """Events that no request accounts for: a second report of the same error, for instance."""
    leaks: tuple[Leak, ...]
    wrong_answers: tuple[Sent, ...]
    """Requests that the app answered with another status than the scenario says."""
    trace_headers: tuple[str, ...]
    """Trace headers that were sent to another host."""

    @property
    def problems(self) -> list[str]:
        """Return a sentence for each thing that went wrong; an empty list when nothing did."""
        return [
            *(f"LEAK: {leak}" for leak in self.leaks),
            *(_missing(match.expected) for match in self.matches if match.entry is None),
            *(f"NOT EXPECTED: {_shown(entry)}" for entry in self.unasked),
            *(_wrong_answer(sent) for sent in self.wrong_answers),
            *(f"TOLD ANOTHER HOST: header {name}" for name in dict.fromkeys(self.trace_headers)),
        ]


def expectations(sent: Sequence[Sent]) -> list[Expected]:
    """List what should arrive for these requests."""
    return [
        Expected(sent=each, type=kind, title=title)
        for each in sent
        for kind, title in (
            *(("event", title) for title in each.scenario.errors),
            ("transaction", ""),
        )
    ]


def match(expected: Sequence[Expected], collector: Collector) -> list[Match]:
    """Find an item for each expectation; no item is counted for two."""
    left = [entry for received in collector.store for entry in entries_of(received)]
    matches: list[Match] = []
    # Those that a reference code ties to one event choose first.
    for each in sorted(expected, key=lambda one: not one.sent.reference):
        entry = next((entry for entry in left if _fits(entry, each)), None)
        if entry is not None:
            left.remove(entry)
        matches.append(Match(expected=each, entry=entry))
    order = {id(each): number for number, each in enumerate(expected)}
    return sorted(matches, key=lambda found: order[id(found.expected)])


def judge(
    *,
    sent: Sequence[Sent],
    planted: Sequence[Planted],
    collector: Collector,
    trace_headers: Sequence[str],
) -> Verdict:
    """Compare what was received with what should have been."""
    # Raises when some of it was forgotten: then nothing could be said about what is left.
    collector.body()
    matches = match(expectations(sent), collector)
    accounted = {found.entry.id for found in matches if found.entry is not None}
    return Verdict(
        matches=tuple(matches),
        unasked=tuple(
            entry
            for received in collector.store
            for entry in entries_of(received)
            if entry.type in ("event", "malformed") and entry.id not in accounted
        ),
        leaks=tuple(find_leaks(collector.store, planted)),
        wrong_answers=tuple(each for each in sent if each.status != each.scenario.status),
        trace_headers=tuple(trace_headers),
    )


def name_of_route(entry: Entry) -> str:
    """Return the transaction name that an event or a transaction carries."""
    payload = entry.item.json if entry.item is not None else None
    name = payload.get("transaction") if isinstance(payload, dict) else None
    return name if isinstance(name, str) else ""


def _fits(entry: Entry, expected: Expected) -> bool:
    if entry.type != expected.type or not entry.name.startswith(expected.title):
        return False
    scenario = expected.sent.scenario
    if name_of_route(entry) != scenario.route or _release(entry) != release_of(scenario.app):
        return False
    if expected.type != "event" or not expected.sent.reference:
        return True
    return session_of(entry) == expected.sent.reference


def release_of(app: str) -> str:
    """Return the release that an app is started with, by which its items are told apart."""
    return f"{app}@1.0"


def _release(entry: Entry) -> str:
    payload = entry.item.json if entry.item is not None else None
    return str(payload.get("release", "")) if isinstance(payload, dict) else ""


def session_of(entry: Entry) -> str:
    """Return the session id that an event carries as its user's; empty when there is none."""
    payload = entry.item.json if entry.item is not None else None
    user = payload.get("user") if isinstance(payload, dict) else None
    return str(user.get("id", "")) if isinstance(user, dict) else ""


def _missing(expected: Expected) -> str:
    scenario = expected.sent.scenario
    what = f"the {expected.type} {expected.title}".rstrip()
    return (
        f"MISSING: {what} of {scenario.app}, route {scenario.route} "
        f"({scenario.method}, a visitor {scenario.title})"
    )


def _wrong_answer(sent: Sent) -> str:
    scenario = sent.scenario
    return (
        f"ANSWER: {scenario.app} answered {scenario.method} {scenario.route} (a visitor "
        f"{scenario.title}) with {sent.status} where {scenario.status} was expected"
    )


def _shown(entry: Entry) -> str:
    # The title may hold what should not be shown; its first word is a type or "log-in".
    return f"{entry.type} {entry.name.split(':')[0][:40]} at {name_of_route(entry) or 'no route'}"


def expected_events(matches: Sequence[Match]) -> Iterator[Match]:
    """Yield the matches that are about errors."""
    yield from (found for found in matches if found.expected.type == "event")
