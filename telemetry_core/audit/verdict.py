"""What a run shows: which planted values arrived, in which fields, and what was kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from telemetry_core.audit.canaries import KINDS, Canaries
from telemetry_core.audit.loopback import Refusal
from telemetry_core.audit.records import TYPE as RECORD
from telemetry_core.audit.rules import KNOWN, rules_for
from telemetry_core.audit.runner import Run
from telemetry_core.audit.target import Route
from telemetry_core.collector import Leak, Received, find_leaks, remarks_of
from telemetry_core.collector.envelope import Payload
from telemetry_core.collector.search import first_form
from telemetry_core.filter.pii import get_pii_filter
from telemetry_core.policy.catalogue import SECTIONS

EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A kind of planted value in one field, however often."""

    kind: str
    """A key of `telemetry_core.audit.canaries.KINDS`."""
    item_type: str
    """The type of the item, or ``request`` for what stands outside of all items."""
    field: str
    """Where in the item, ``[]`` for each of a list. Never holds a value."""
    forms: Sequence[str]
    """How the value was written there: plain, percent-encoded ..."""
    count: int
    rule: str
    """The detector that finds such a value in text, or `KNOWN`."""
    is_off: bool
    """Whether the application's settings switch that detector off."""
    policy: str
    """What the policy does with the field; empty where it says nothing of it, and drops it."""
    masked: str
    """The planted value's beginning."""
    routes: Sequence[str]
    """The first routes whose items it was in."""

    @property
    def title(self) -> str:
        """The kind in words."""
        return KINDS[self.kind][0]

    @property
    def advice(self) -> str:
        """Which rule would have caught it."""
        if self.item_type.startswith(RECORD):
            return "telemetry_core.logging.TelemetryFilter on the handler"
        if self.rule == KNOWN:
            return "known values of the request"
        if self.is_off:
            return f"detector {self.rule}, switched off in TELEMETRY_DETECTORS"
        return f"detector {self.rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The items of one type: how many, their fields, and what was taken out of them."""

    item_type: str
    count: int
    fields: Sequence[str]
    removed: Mapping[str, int]
    """How often, by rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a run, fit to be shown: no planted value in full, and no real one."""

    framework: str
    routes: Sequence[Route]
    calls: int
    errors: int
    findings: Sequence[Finding]
    kept: Sequence[Kept]
    refused: Sequence[Refusal]
    """Connections that were refused. What would have gone there was not searched."""
    notes: Sequence[str]
    is_baseline: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether all that the SDK sends was searched, and nothing planted was found in it."""
        return not (self.findings or self.unsearched)

    @property
    def unsearched(self) -> Sequence[Refusal]:
        """Those by which a client of the SDK would have sent something."""
        return [refusal for refusal in self.refused if refusal.is_unsearched]

    @property
    def leaks(self) -> int:
        """How many planted values arrived, counted by item and field."""
        return sum(finding.count for finding in self.findings)

    @property
    def items(self) -> int:
        """How many items arrived."""
        return sum(kept.count for kept in self.kept)


def judge(run: Run, canaries: Canaries, *, is_baseline: bool = False) -> Verdict:
    """Search what a run has sent, and say what is there."""
    leaks = find_leaks(run.received, canaries.planted())
    rules = rules_for(canaries)
    return Verdict(
        framework=run.framework,
        routes=run.routes,
        calls=run.calls,
        errors=run.errors,
        findings=list(_findings(leaks, canaries, rules, run.switched_off)),
        kept=list(_kept(run.received, canaries)),
        refused=run.refused,
        notes=run.notes,
        is_baseline=is_baseline,
    )


def _findings(
    leaks: Iterable[Leak], canaries: Canaries, rules: Mapping[str, str], off: Sequence[str]
) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[Leak]] = {}
    routes: dict[int, str] = {}
    for leak in leaks:
        # One request can hold hundreds of leaks.
        if leak.received.number not in routes:
            routes[leak.received.number] = _route_of(leak.received, canaries)
        key = (leak.planted.kind, leak.item_type, field_of(leak.path))
        groups.setdefault(key, []).append(leak)
    for (kind, item_type, path), group in sorted(groups.items()):
        names = dict.fromkeys(routes[leak.received.number] for leak in group)
        yield Finding(
            kind=kind,
            item_type=item_type,
            field=path,
            forms=list(dict.fromkeys(leak.form.name for leak in group)),
            count=len(group),
            rule=rules[kind],
            is_off=rules[kind] in off,
            policy=policy_of(item_type, path),
            masked=group[0].planted.masked,
            routes=list(filter(None, names))[:EXAMPLES],
        )


_INDEX = re.compile(r"(?:\.values)?\.\d+(?=\.|$)")


@lru_cache(maxsize=8192)
def field_of(path: str) -> str:
    """Return a path as the policy's table writes it: ``exception.values.0.value`` has ``[]``."""
    # A key of an application's own map can be personal; the detectors read it like text.
    return _printable(get_pii_filter().filter_string(_INDEX.sub("[]", path)))


def _printable(name: str) -> str:
    """Return a name without what a terminal would obey, and no XML may hold."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name)


def policy_of(item_type: str, field: str) -> str:
    """Return the rule of the policy for a field: of its own row, or of the one it stands under."""
    found = ""
    for title, (_, rows) in SECTIONS.items():
        if item_type not in title.split(", "):
            continue
        for row in rows:
            if field == row.path or field.startswith((f"{row.path}.", f"{row.path}[")):
                found = row.rule
    return found


def _route_of(received: Received, canaries: Canaries) -> str:
    for item in received.items:
        payload = item.json
        if not isinstance(payload, dict):
            continue
        name, info = payload.get("transaction"), payload.get("transaction_info")
        if isinstance(info, dict) and info.get("source") == "url":
            # No name of a route, but what somebody went to.
            continue
        if isinstance(name, str) and not _holds_any(name, canaries):
            return _printable(name)
    return ""


def _holds_any(text: str, canaries: Canaries) -> bool:
    data = text.encode("utf-8", "surrogatepass")
    return any(first_form(data, value) for value in canaries.values.values())


def _kept(received: Iterable[Received], canaries: Canaries) -> Iterator[Kept]:
    counts: Counter[str] = Counter()
    fields: dict[str, set[str]] = {}
    removed: dict[str, Counter[str]] = {}
    for request in received:
        for item in request.items:
            counts[item.type] += 1
            payload = item.json
            fields.setdefault(item.type, set()).update(_fields_of(payload))
            rules = (remark.rule for remark in remarks_of(payload))
            removed.setdefault(item.type, Counter()).update(rules)
    for item_type, count in sorted(counts.items()):
        names = sorted(fields[item_type])
        yield Kept(
            item_type=item_type,
            count=count,
            fields=[_printable(name) for name in names if not _holds_any(name, canaries)],
            removed=dict(removed[item_type].most_common()),
        )


def _fields_of(payload: Payload) -> Iterator[str]:
    """Yield the fields that hold something, named as `field_of` does."""
    todo: list[tuple[str, Payload]] = [("", payload)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [
                (f"{path}.{key}" if path else key, below)
                for key, below in value.items()
                if key != "_meta"
            ]
        elif isinstance(value, list):
            todo += [(f"{path.removesuffix('.values')}[]", below) for below in value]
        elif value is not None and path:
            yield path
