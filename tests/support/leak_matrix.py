"""Plants personal values in every field of every item type, and counts what gets through.

`python tests/support/leak_matrix.py` writes ``docs/leaks.md``; a test compares the two.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope, Item, PayloadRef

from telemetry_core.collector import Collector, Leak, Planted, find_leaks, find_value
from telemetry_core.config import TelemetryConfig
from telemetry_core.policy import table
from telemetry_core.policy.table import Row
from telemetry_core.request import Request
from telemetry_core.settings import Settings

_DOCS = Path(__file__).parents[2] / "docs"
LEAKS = _DOCS / "leaks.md"
KEPT = _DOCS / "what-is-kept.md"


def _digits(count: int) -> str:
    return "".join(secrets.choice("123456789") for _ in range(count))


def _card() -> str:
    body = "4" + _digits(14)
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(body))
    return body + str(-total % 10)


def _iban() -> str:
    account = _digits(18)
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _jwt() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": secrets.token_hex(8), "iat": 1516239022})
    head = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*head, secrets.token_urlsafe(32)])


KINDS: Mapping[str, Callable[[], str]] = {
    "e-mail address": lambda: f"jane.{secrets.token_hex(5)}@mail.example.org",
    "IPv4 address": lambda: f"91.{secrets.randbelow(200) + 20}.{secrets.randbelow(200) + 20}.77",
    "IPv6 address": lambda: f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::8a2e:7334",
    "file path": lambda: f"/home/u{secrets.token_hex(5)}/notes.txt",
    "telephone number": lambda: f"+49 151 {_digits(4)} {_digits(4)}",
    "payment card": _card,
    "IBAN": _iban,
    "social security number": lambda: f"5{_digits(2)}-{_digits(2)}-{_digits(4)}",
    "MAC address": lambda: ":".join(["3c", "22", *(secrets.token_hex(1) for _ in range(4))]),
    "JSON web token": _jwt,
    "access token": lambda: f"ghp_{secrets.token_hex(18)}",
    "password": lambda: f"password={secrets.token_urlsafe(9)}7x",
    "name (known from the request)": lambda: f"Jane Q{secrets.token_hex(5)}",
    "free text (known from the request)": lambda: f"please ring at q{secrets.token_hex(4)} twice",
}
"""How to make an unguessable value of each kind."""


@dataclass(slots=True)
class Visitor:
    """A request whose visitor sent what was planted."""

    sent: str
    request: Any = None
    method: str = "POST"

    def header(self, name: str) -> str | None:
        return {"baggage": f"sentry-user_id={self.sent}"}.get(name)

    def route(self) -> str | None:
        return "/orders/<int:id>/"

    def visitor_values(self) -> Iterator[str]:
        yield self.sent

    def stamp(self) -> list[object]:
        return [self.sent]

    def visitor_key(self) -> tuple[str, str] | None:
        return None

    def user_values(self) -> Iterator[str]:
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the values planted in one item type."""

    kind: str
    fields: int
    places: int
    sent: int
    leaks: tuple[Leak, ...]


def planted_payload(rows: tuple[Row, ...], value: object) -> dict[str, Any]:
    """Return an item with ``value`` in every field of the table, and beside each of them."""
    payload: dict[str, Any] = {}
    for row in rows:
        node: Any = payload
        steps = row.path.replace("*", "custom").replace("[]", ".[]").split(".")
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            empty: Any = value if following is None else ([] if following == "[]" else {})
            if step == "[]":
                if not node:
                    node.append(empty)
                node = node[0]
            elif isinstance(node, dict):
                node = node.setdefault(step, empty)
    _beside(payload, value)
    for free in ("tags", "extra"):
        if free in payload:
            payload[free] = {"operation": value, "nickname": value, str(value): 1, "level": [value]}
    return payload


def _beside(node: Any, value: object) -> None:
    """Put ``value`` beside every field: under a name of no row, and at the end of every list."""
    parts = list(node.values()) if isinstance(node, dict) else list(node)
    for part in parts:
        if isinstance(part, dict | list):
            _beside(part, value)
    if isinstance(node, dict):
        node["surprise"] = value
    elif not (node and isinstance(node[0], str | int)):
        node.append(value)


def variants(value: str) -> Iterator[object]:
    """Yield the value alone, in a sentence, in a URL, in JSON, and as a number."""
    yield value
    yield f"could not find {value}, giving up"
    yield f"GET https://shop.example/x?q={value}&n=1"
    yield json.dumps({"a": value})
    if value.isdigit():
        yield int(value)


def measure() -> list[Outcome]:
    """Plant everything everywhere, over a real socket, and search the bytes."""
    outcomes: list[Outcome] = []
    tables: list[tuple[Row, ...]] = []
    for kind, rows in table.ITEMS.items():
        # Types that share a table differ in nothing that the form of a value could touch.
        is_shared = rows in tables
        tables.append(rows)
        leaks: list[Leak] = []
        places = sent = 0
        with Collector() as collector:
            config = TelemetryConfig(
                Settings(enabled=True, dsn=collector.dsn, profiles_sample_rate=0.0)
            )
            config.initialize(process_wide=False)
            planted: list[Planted] = []
            for name, make in KINDS.items():
                if kind in BATCHED and "known" in name:
                    continue  # by the public API, in the test of the hooks
                value = make()
                secret = value.removeprefix("password=")
                planted.append(Planted(kind=name, value=secret, place=kind))
                request = Request(config, Visitor(sent=value))
                request.enter()
                code = () if "known" not in name else ("source",)
                for variant in [value] if is_shared else variants(value):
                    payload = planted_payload(
                        tuple(row for row in rows if row.rule not in code), variant
                    )
                    places += json.dumps(payload).count(json.dumps(value)[1:-1])
                    envelope = Envelope(
                        headers=planted_payload(table.ENVELOPE_HEADERS, variant),
                        items=[Item(PayloadRef(json=payload), type=kind)],
                    )
                    envelope.items[0].headers["filename"] = variant
                    config.client.transport.capture_envelope(envelope)
                    sent += 1
                request.leave()
                config.flush()
            config.shutdown()
            assert len(collector.envelopes) == sent, "an item was dropped, and proves nothing"
            body = collector.body()
            found = [one for one in planted if find_value(body, one.value)]
            leaks.extend(find_leaks(collector.store, found))
        outcomes.append(
            Outcome(kind=kind, fields=len(rows), places=places, sent=sent, leaks=tuple(leaks))
        )
    return outcomes


BATCHED = frozenset(("log", "trace_metric", "span", "session", "sessions", "client_report"))
BATCHED |= {"profile_chunk"}


def leak_table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as Markdown."""
    lines = [
        "# What got through",
        "",
        "From a run of `python tests/support/leak_matrix.py`, which a test repeats: unguessable",
        "values of each kind are put into every field of every item type, beside every field, into",
        "keys and into the headers, alone, in sentences, URLs and JSON and as numbers. Then the",
        "bytes that a server gets are searched for each of them: plain, percent-encoded,",
        "JSON-escaped, in base64, case-folded and reversed. The places are where a value was put.",
        "",
        f"Kinds: {', '.join(KINDS)}.",
        "",
        "What is known from a request is planted in the item types that are captured in one (the",
        "batched ones are tested through the SDK's own functions), and not in source lines: those",
        "are code, and what a visitor typed may well be the name of a function.",
        "",
        "| Item type | Fields in the table | Places | Items sent | Values found |",
        "|---|---:|---:|---:|---:|",
    ]
    for outcome in outcomes:
        lines.append(
            f"| {outcome.kind} | {outcome.fields} | {_round(outcome.places)} | {outcome.sent} "
            f"| {len(outcome.leaks)} |"
        )
    return "\n".join(lines) + "\n"


def _round(places: int) -> int:
    # The values are other ones in each run, and so is how often one is written in full.
    return places // 100 * 100


def kept() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one error of a request as the SDK made it, and as it arrived."""
    before: list[dict[str, Any]] = []

    def look(event: Any, _hint: Any) -> Any:
        before.append(json.loads(json.dumps(event, default=str)))
        return event

    with Collector() as collector:
        options = {"before_send": look, "include_local_variables": True}
        config = TelemetryConfig(
            Settings(
                enabled=True, dsn=collector.dsn, release="shop@1.2.3", traces_sample_rate=1.0,
                profiles_sample_rate=0.0, sentry_options=options,
            )
        )  # fmt: skip
        config.initialize(process_wide=False)
        request = Request(config, Visitor(sent="Jane Roe"))
        request.enter()
        sentry_sdk.add_breadcrumb(category="query", message="SELECT 1 FROM t WHERE n = 'Jane'")
        sentry_sdk.add_breadcrumb(message="Jane Roe came", data={"operation": "x", "who": "Jane"})
        sentry_sdk.set_tag("operation", "checkout")
        sentry_sdk.set_tag("customer", "Jane Roe")
        sentry_sdk.set_user({"id": "42", "email": "jane.roe@mail.example.org"})
        sentry_sdk.set_context("order", {"operation": "pay", "total": 12})
        try:
            _fail("Jane Roe")
        except ValueError as error:
            request.capture(error)
        request.finish()
        request.leave()
        config.flush()
        config.shutdown()
        [event] = collector.items(type="event")
    assert isinstance(event.json, dict)
    return before[0], event.json


def _fail(customer: str) -> None:
    try:
        prices: dict[str, int] = {}
        prices["price"]
    except KeyError as cause:
        raise ValueError(f"no price for {customer} at jane.roe@mail.example.org") from cause


def fates(before: object, after: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each field that holds a value, and whether it was kept, filtered or dropped."""
    if isinstance(before, dict):
        for key, part in before.items():
            left = after.get(key, GONE) if isinstance(after, dict) else GONE
            yield from fates(part, left, f"{path}.{key}".lstrip("."))
    elif isinstance(before, list):
        for index, part in enumerate(before):
            inside = isinstance(after, list) and index < len(after)
            left = after[index] if inside else GONE  # type: ignore[index]  # it is a list
            yield from fates(part, left, f"{path}[]")
    elif before not in (None, ""):
        yield path, "dropped" if after is GONE else ("kept" if after == before else "filtered")


GONE = object()


def kept_table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return what became of each field as Markdown."""
    counts: dict[str, dict[str, int]] = {}
    for path, fate in fates(before, after):
        # What the app named, the versions of every package and local variables: one line each.
        short = re.sub(r"(vars|modules)[.[].*", r"\1", path.replace(".values[]", "[]"))
        counts.setdefault(short, dict.fromkeys(("kept", "filtered", "dropped"), 0))[fate] += 1
    lines = [
        "# What is kept",
        "",
        "From the same run as [what got through](leaks.md): one error in a request, as sentry-sdk",
        "made it with local variables on, beside what arrived. Counted are the values of each",
        "field. Session id, route and method were added by telemetry.",
        "",
        "| Field | Kept as it was | Filtered | Dropped |",
        "|---|---:|---:|---:|",
    ]
    for path, numbers_of in sorted(counts.items()):
        names = ("kept", "filtered", "dropped")
        numbers = " | ".join(str(numbers_of[name] or "") for name in names)
        lines.append(f"| `{path}` | {numbers} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with sentry_sdk.isolation_scope():
        LEAKS.write_text(leak_table(measure()))
        KEPT.write_text(kept_table(*kept()))
