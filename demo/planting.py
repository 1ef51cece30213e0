"""Fill the braces of a scenario, and keep a list of what was planted where."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter

from demo.identities import KINDS, Identity, new_identity, values_of
from demo.scenarios import JSON
from telemetry_core.collector import Planted

PLACES = ("form", "JSON", "query", "path", "cookie", "header", "user", "host")
"""Where values are: in a request, with the app's user, on the machine that it runs on."""

SECRETS_OF_THE_APP = frozenset({"api_token"})
"""Names among ``{got...}`` whose values are as secret as what a person typed."""


@dataclass
class Plantings:
    """All that was planted in this run."""

    planted: dict[str, Planted] = field(default_factory=dict)
    """Each value, once, by its text."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a kind was planted in a place."""

    def plant(self, kind: str, value: str, place: str) -> None:
        """Note that ``value`` was sent, so that it must not be found in what leaves."""
        self.counts[kind, place] += 1
        for part in (value, *_telling_parts(kind, value)):
            self.planted.setdefault(part, Planted(kind=kind, value=part, place=place))

    def kinds(self) -> Iterator[tuple[str, list[Planted]]]:
        """Yield each kind with its values, in the order of the first planting."""
        by_kind: dict[str, list[Planted]] = {}
        for planted in self.planted.values():
            by_kind.setdefault(planted.kind, []).append(planted)
        yield from by_kind.items()

    def plant_account(self, account: Identity) -> None:
        """Note what an app's database knows of the account that logs in."""
        for name, value in values_of(account):
            if name in ("name", "email", "username", "password", "address"):
                self.plant(KINDS[name], value, "user")


def _telling_parts(kind: str, value: str) -> Iterator[str]:
    # A family name or a home folder tells as much as the whole that it was cut from.
    if kind == "name":
        yield value.rpartition(" ")[2]
    elif kind == "file path":
        yield value.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filler:
    """Fills the braces for one request: ``{me...}`` is a person of its own."""

    plantings: Plantings
    user: Identity
    got: Mapping[str, str]
    me: Identity = field(default_factory=new_identity)
    trace: Mapping[str, str] = field(
        default_factory=lambda: {"id": secrets.token_hex(16), "span": secrets.token_hex(8)}
    )

    def fill(self, template: str, place: str, encode: Callable[[str], str] = str) -> str:
        """Return the template with its braces filled, each value passed through ``encode``."""
        parts: list[str] = []
        for literal, name, _, _ in Formatter().parse(template):
            parts.append(literal)
            if name is not None:
                parts.append(encode(self._value(name, place)))
        return "".join(parts)

    def fill_json(self, template: JSON) -> JSON:
        """Return a JSON document with the braces of all its strings filled."""
        if isinstance(template, dict):
            return {key: self.fill_json(value) for key, value in template.items()}
        if isinstance(template, list):
            return [self.fill_json(value) for value in template]
        return self.fill(template, "JSON") if isinstance(template, str) else template

    def _value(self, name: str, place: str) -> str:
        owner, _, attribute = name.partition(".")
        if owner == "trace":
            return self.trace[attribute]
        if owner == "got":
            value = self.got[attribute]
            if attribute in SECRETS_OF_THE_APP:
                self.plantings.plant("token", value, place)
            return value
        value = str(getattr(self.me if owner == "me" else self.user, attribute))
        self.plantings.plant(KINDS[attribute], value, place)
        return value
