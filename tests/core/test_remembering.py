"""What comes from memory is what the policy would make anew."""

from __future__ import annotations

import copy
import json
import time
from enum import StrEnum
from typing import Any, SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_core.filter.detectors import build_detectors
from telemetry_core.filter.keys import KeyRules
from telemetry_core.filter.known import KnownValues
from telemetry_core.filter.text import TextFilter
from telemetry_core.policy import Policy
from telemetry_core.policy.policy import Result

pytestmark = pytest.mark.pure

EMAIL = "jane.roe@example.org"
TEXTS = TextFilter(build_detectors({}))
YEAR = time.gmtime().tm_year


def make_policy() -> Policy:
    return Policy(texts=TEXTS, keys=KeyRules(allow=["page", "user_id"]))


def time_at(second: int) -> str:
    return f"{YEAR}-01-02T03:04:{second:02}.678901Z"


def frame(number: int) -> dict[str, Any]:
    return {
        "function": f"step_{number}",
        "filename": f"shop/step_{number}.py",
        "abs_path": f"/srv/jane/shop/step_{number}.py",
        "lineno": 10 + number,
        "pre_context": ["def step():", f"    mail('{EMAIL}')"],
        "context_line": "    raise KeyError",
        "vars": {"a": EMAIL},
    }


def crumb(number: int, **others: Any) -> dict[str, Any]:
    return {"timestamp": time_at(number), "category": "query", "message": f"to {EMAIL}", **others}


def span(number: int) -> dict[str, Any]:
    return {
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": f"b7ad6b716920333{number}",
        "parent_span_id": "00f067aa0ba902b7",
        "start_timestamp": time_at(number),
        "timestamp": time_at(number + 1),
        "op": "db",
        "description": f"SELECT a FROM b WHERE c = '{EMAIL}'",
        "data": {"db.system": "sqlite", "page": number, "user_id": 7654321},
    }


EVENT: dict[str, Any] = {
    "event_id": "9f7651916cd43dd8448eb211c80319ca",
    "timestamp": time_at(50),
    "level": "error",
    "transaction": "shop.views.order",
    "user": {"id": "9f7651916cd43dd8448eb211c80319ca"},
    "transaction_info": {"source": "route"},
    "server_name": "web-1",
    "exception": {"values": [{"type": "KeyError", "value": EMAIL, "stacktrace": {
        "frames": [frame(1), frame(2)]}}]},
    "breadcrumbs": {"values": [crumb(1), crumb(2, data={"page": 1}), crumb(3)]},
    "contexts": {"trace": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "op": "http.server",
        "span_id": "b7ad6b7169203331"}, "runtime": {"name": "CPython", "build": "made by jane"}},
    "spans": [span(1), span(2), span(3)],
    "tags": {"page": "order", "nickname": "jane"},
}  # fmt: skip


class Source(StrEnum):
    """Where a name is from, as the SDK says it."""

    ROUTE = "route"
    URL = "url"


class Loud(str):
    """A text with code of its own, which nobody runs."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError

    def __reduce_ex__(self, protocol: SupportsIndex) -> str:
        raise AssertionError


Path = tuple[str | int, ...]


def paths_of(value: Any, path: Path = ()) -> list[Path]:
    """Return where something stands in a value, itself left out."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[Path] = []
    for key, part in parts:
        found.append((*path, key))
        if isinstance(part, dict | list):
            found += paths_of(part, (*path, key))
    return found


PLACES = paths_of(EVENT)
VALUES: tuple[Any, ...] = (
    None, 0, 1.5, True, "", "plain", EMAIL, "4111111111111111", "b7ad6b7169203339", time_at(7),
    "2026-02-30T03:04:05.678901Z", "9f7651916cd43dd8448eb211c80319cb", {"trace_id": 1},
    {"a": EMAIL}, [], {}, ["x", 3], {"values": []}, [None], [{}], [[crumb(4)]], [crumb(5)],
    [span(6)], {"values": [crumb(6)]}, {"values": [crumb(7)], "more": 1}, (crumb(8),), object,
    b"bytes", {1: 2}, Source.ROUTE, Source.URL,
)  # fmt: skip
"""What is put in the place of something."""

Change = tuple[Path, Any]
Changes = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES)), max_size=3)


def changed(changes: list[Change], *, gone: bool = False) -> dict[str, Any]:
    """Return the event with other values in some places; what is below another is left alone."""
    event = copy.deepcopy(EVENT)
    for path, value in changes:
        container: Any = event
        try:
            for step in path[:-1]:
                container = container[step]
            if gone and isinstance(container, dict):
                del container[path[-1]]
            else:
                container[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    return event


def seen(result: Result) -> tuple[str, int]:
    """Return all that matters of a result, in one order."""
    return json.dumps(result.payload, sort_keys=True), result.refused


VISITORS: tuple[tuple[str, ...], ...] = (
    (),
    ("nobody at all",),
    (EMAIL, "Mozilla/5.0 (X11)"),
    ("jane.roe",),
    ("sqlite", "http.server"),
    ("7654321",),
    ("CPython",),
    ("step_1", "KeyError"),
    ("plain", "query"),
)
"""What may be known from the requests; most of it stands in the event, some where it is code."""


def known_of(values: tuple[str, ...]) -> KnownValues | None:
    return KnownValues([(value, "[INPUT]") for value in values]) or None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(Changes, st.booleans(), st.sampled_from(VISITORS)), min_size=1, max_size=3)
)
def test_what_is_remembered_is_what_would_be_made_anew(
    variants: list[tuple[list[Change], bool, tuple[str, ...]]],
) -> None:
    """Whatever came before, is odd about an event, or is known from its request."""
    policy = make_policy()
    events = [(EVENT, None), (EVENT, known_of((EMAIL,)))]
    events += [(changed(changes, gone=gone), known_of(to)) for changes, gone, to in variants]
    anew = [seen(make_policy().apply("event", event, known=known)) for event, known in events]
    before = repr(events)
    for _ in range(4):
        made = [seen(policy.apply("event", event, known=known)) for event, known in events]
        assert made == anew
    assert repr(events) == before


@pytest.mark.parametrize("values", VISITORS, ids=repr)
def test_what_one_visitor_sent_is_not_found_in_another_s_event(values: tuple[str, ...]) -> None:
    """An event is remembered for all who sent nothing that is in it, and for nobody else."""
    policy = make_policy()
    for known in (None, known_of(("nobody at all",)), None, known_of(("somebody else",))):
        policy.apply("event", EVENT, known=known)
    for _ in range(3):
        made = seen(policy.apply("event", EVENT, known=known_of(values)))
        assert made == seen(make_policy().apply("event", EVENT, known=known_of(values)))


@pytest.mark.parametrize("source", [Source.ROUTE, Loud("route")], ids=["enumeration", "loud"])
def test_a_text_of_another_type_is_remembered_as_one(source: str) -> None:
    """The SDK's own events hold one; none of its code is run."""
    policy = make_policy()
    event = {**EVENT, "transaction_info": {"source": source}}
    for _ in range(3):
        payload = policy.apply("event", event).payload
        assert payload["transaction_info"] == {"source": "route"}
        assert type(payload["transaction_info"]["source"]) is str
    known = policy._memory.results.size
    policy.apply("event", {**event, "timestamp": time_at(51)})
    assert policy._memory.results.size == known
