"""An event's plain form is what the SDK's serializer makes of it, and shares nothing with it."""

from __future__ import annotations

import copy
import enum
import math
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
import sentry_sdk
from capturing import telemetry
from hypothesis import given
from hypothesis import strategies as st
from sentry_sdk import serializer
from sentry_sdk._types import AnnotatedValue

from telemetry_core.snapshot import Snapshot


class Colour(enum.IntEnum):
    RED = 1


class Name(str):
    __slots__ = ()


class Written:
    def __sentry_repr__(self) -> str:
        return "as it says itself"


class Hostile:
    def __repr__(self) -> str:
        raise OSError


def written(event: dict[str, Any]) -> Any:
    """Return what the SDK makes of an event, as the client calls it."""
    options = sentry_sdk.get_client().options
    return serializer.serialize(
        event,
        max_request_body_size=options.get("max_request_body_size"),
        max_value_length=options.get("max_value_length"),
        custom_repr=options.get("custom_repr"),
    )


@contextmanager
def recursive() -> Iterator[dict[str, Any]]:
    value: dict[str, Any] = {}
    value["self"] = value
    yield value
    value.clear()


PARTS: list[tuple[str, Any, str]] = [
    ("level", "error", "a text"),
    ("level", "", "an empty text"),
    ("level", Name("jane"), "a subclass of str"),
    ("level", "x" * 2_000_000, "a text longer than any limit"),
    ("level", "ä" * 60_000, "characters of more than one byte"),
    ("level", "\ud800", "half a character"),
    ("timestamp", datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "a time"),
    ("timestamp", datetime(2026, 1, 2, tzinfo=UTC), "a whole second"),
    ("timestamp", datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=5))), "another zone's"),
    ("timestamp", datetime(2026, 1, 2), "of no zone"),  # noqa: DTZ001  # that is the case
    ("timestamp", datetime(999, 1, 2, tzinfo=UTC), "of a year that platforms write differently"),
    ("tags", {"a": 1, "b": None, "c": True, "d": 1.5}, "leaves"),
    ("tags", {"a": math.nan, "b": math.inf}, "numbers that JSON does not know"),
    ("tags", {"a": Colour.RED}, "a subclass of int"),
    ("tags", {1: "a", None: "b", ("c",): "d"}, "keys that are no texts"),
    ("tags", {Name("key"): "a"}, "a key of a subclass"),
    ("tags", MappingProxyType({"a": 1}), "another mapping"),
    ("tags", {"a": {1}, "b": frozenset((2,)), "c": (3, 4)}, "other containers"),
    ("tags", {"a": b"bytes", "b": bytearray(b"more")}, "bytes"),
    ("tags", {"a": object, "b": Written(), "c": Hostile()}, "objects"),
    ("tags", AnnotatedValue({"a": 1}, {"len": 9}), "a value with remarks"),
    ("contexts", {"a": AnnotatedValue("b", {"rem": [["!raw", "x"]]})}, "a remark within"),
    ("spans", [{"data": {"a": [1, [2, [3, [4, [5, [6, [7]]]]]]]}}], "depth in a span"),
    ("spans", [{"data": {str(n): n for n in range(30)}}], "breadth in a span"),
    ("extra", {"a": {"b": {"c": {"d": 1}}}}, "as deep as is kept"),
    ("extra", {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "deeper"),
    ("extra", {str(n): n for n in range(10)}, "as broad as is kept"),
    ("extra", {str(n): n for n in range(11)}, "broader"),
    ("breadcrumbs", {"values": [{"data": {"a": [1, 2]}}, {"message": "b"}]}, "breadcrumbs"),
    ("breadcrumbs", {"values": [{"data": {"a": {"b": {"c": {"d": {}}}}}}]}, "a deep one"),
    ("breadcrumbs", {"values": [{"data": {"a": list(range(11))}}]}, "a broad one"),
    ("breadcrumbs", {"values": [{"message": str(n)} for n in range(30)]}, "many of them"),
    ("breadcrumbs", {"values": None}, "none"),
    ("breadcrumbs", {"values": "text"}, "what is no list of them"),
    ("breadcrumbs", [{"message": "a"}], "as the protocol allows, too"),
    ("breadcrumbs", AnnotatedValue({"values": []}, {"len": 200}), "of which some were cut off"),
    ("request", {"method": "GET"}, "a request"),
    ("request", {"data": {str(n): n for n in range(30)}}, "a body, which the SDK cuts"),
    ("request", None, "no request"),
]


@pytest.mark.parametrize(
    ("part", "value"), [row[:2] for row in PARTS], ids=[f"{row[0]}: {row[2]}" for row in PARTS]
)
@pytest.mark.parametrize("limit", [None, 12])
def test_it_is_what_the_serializer_makes(part: str, value: Any, limit: int | None) -> None:
    """Plain or not: the same values and the same remarks on what was cut."""
    options = {"max_value_length": limit} if limit else {}
    with telemetry(sentry_options=options):
        event = {part: value, "event_id": "1" * 32}
        assert written(Snapshot(event)) == written(event)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers(), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["extra", "tags", "spans", "breadcrumbs"]), VALUES))
def test_it_is_what_the_serializer_makes_of_anything(event: dict[str, Any]) -> None:
    """For all values of JSON and some of Python."""
    assert written(Snapshot(event)) == written(event)


def test_what_holds_itself_is_left_to_the_serializer() -> None:
    """A circle ends where the SDK ends it."""
    with recursive() as circle:
        assert written(Snapshot({"tags": circle})) == written({"tags": circle})


def test_processors_of_values_are_asked() -> None:
    """An integration that writes some objects in its own way still does."""

    def process(value: Any, _: Any) -> Any:
        return "their own" if value == "mine" else NotImplemented

    event = {"extra": {"a": "mine"}, "breadcrumbs": {"values": [{"message": "mine"}]}}
    serializer.add_global_repr_processor(process)
    try:
        result = written(Snapshot(event))
        assert result == written(event)
        assert result["extra"] == {"a": "their own"}
    finally:
        serializer.global_repr_processors.remove(process)


def test_what_changes_while_it_is_read_is_left_to_the_serializer() -> None:
    """Another thread's change to a dictionary costs nobody an event."""

    class Changing(dict[str, Any]):
        """Changed by whoever reads it, once."""

        def items(self) -> Any:
            yield "a", 1
            raise RuntimeError("dictionary changed size during iteration")

    event = Snapshot({"tags": {"a": 1}, "level": "error"})
    assert written(event) == {"tags": {"a": 1}, "level": "error"}
    assert written(Snapshot({"tags": Changing(a=1)})) == written({"tags": Changing(a=1)})


def test_nothing_of_it_is_shared_with_the_event() -> None:
    """What the application changes after the capture does not change what is sent."""
    basket = ["shoes"]
    order = {"basket": basket}
    with telemetry(allow_fields=["order", "basket"]) as running:
        plain = Snapshot({"contexts": {"order": order}}).__sentry_repr__()
        basket.append("hat")
        order.clear()
        assert plain == {"contexts": {"order": {"basket": ["shoes"]}}}
        assert running.config.active


def by_processor(event: Any, hint: Any) -> Any:
    return {**event, "transaction": "renamed"}


def copied(event: Any, hint: Any) -> Any:
    return copy.deepcopy(event)


def as_it_is(event: Any, hint: Any) -> Any:
    return event


@pytest.mark.parametrize("change", [by_processor, copied, as_it_is])
def test_other_hooks_see_an_event_like_any(change: Callable[[Any, Any], Any]) -> None:
    """Processors get a dictionary, which they may change, copy or replace; so does before_send."""
    seen: list[Any] = []

    def before_send(event: Any, hint: Any) -> Any:
        seen.append(event)
        return event

    options = {"before_send": before_send}
    with telemetry(sentry_options=options) as running:
        sentry_sdk.get_isolation_scope().add_event_processor(change)
        running.config.capture_message("hello")
    assert running.kept.event()["message"] == "hello"
    assert type(seen[0]) is dict
    assert pickle.loads(pickle.dumps(Snapshot(seen[0]))) == seen[0]


def test_the_serializer_asks_for_it_once_an_event() -> None:
    """Or all of this would be for nothing: the SDK takes what an event says of itself."""

    class Asked(Snapshot):
        def __sentry_repr__(self) -> dict[str, Any]:
            return {"level": "asked"}

    assert written(Asked({"level": "error"})) == {"level": "asked"}
    seen: list[type] = []

    def look(event: Any, hint: Any) -> Any:
        seen.append(type(event))
        return event

    with telemetry(traces_sample_rate=1.0) as running:
        sentry_sdk.get_isolation_scope().add_event_processor(look)
        running.config.capture_exception(ValueError("no"))
        with sentry_sdk.start_transaction(name="a transaction", sampled=True):
            pass
    assert seen == [Snapshot, Snapshot]
