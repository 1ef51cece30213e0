"""The promise, measured: nothing planted anywhere gets through, and what is needed does."""

from __future__ import annotations

from typing import Any

import pytest
import sentry_sdk
from leak_matrix import KEPT, KINDS, LEAKS, Outcome, fates, kept, kept_table, leak_table, measure
from sentry_sdk.consts import VERSION

from telemetry_core.policy import table


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    with sentry_sdk.isolation_scope():
        return measure()


def test_no_value_of_any_kind_gets_through_any_field_of_any_item(outcomes: list[Outcome]) -> None:
    """Put into every field, key and header, none of them is in the bytes in any form."""
    assert [str(leak) for outcome in outcomes for leak in outcome.leaks] == []
    assert {outcome.kind for outcome in outcomes} == set(table.ITEMS)


def test_the_search_would_find_them(outcomes: list[Outcome]) -> None:
    """The values were really planted, thousands of times, and sent."""
    events = next(outcome for outcome in outcomes if outcome.kind == "event")
    assert events.places > 100 * len(KINDS)
    assert all(outcome.sent >= len(KINDS) - 2 for outcome in outcomes)


def test_the_published_table_is_that_of_this_run(outcomes: list[Outcome]) -> None:
    """``python tests/support/leak_matrix.py`` writes it again."""
    assert leak_table(outcomes) == LEAKS.read_text()


@pytest.fixture(scope="module")
def error() -> tuple[dict[str, Any], dict[str, Any]]:
    with sentry_sdk.isolation_scope():
        return kept()


NEEDED = [
    ("event_id", "kept"),
    ("timestamp", "kept"),
    ("level", "kept"),
    ("release", "kept"),
    ("environment", "kept"),
    ("transaction", "kept"),
    ("request.method", "kept"),
    ("contexts.trace.trace_id", "kept"),
    ("contexts.trace.span_id", "kept"),
    ("contexts.order.operation", "kept"),
    ("tags.operation", "kept"),
    ("exception.values[].type", "kept"),
    ("exception.values[].value", "filtered"),
    ("exception.values[].stacktrace.frames[].function", "kept"),
    ("exception.values[].stacktrace.frames[].module", "kept"),
    ("exception.values[].stacktrace.frames[].filename", "kept"),
    ("exception.values[].stacktrace.frames[].lineno", "kept"),
    ("exception.values[].stacktrace.frames[].pre_context[]", "kept"),
    ("exception.values[].stacktrace.frames[].post_context[]", "kept"),
    ("breadcrumbs.values[].message", "filtered"),
    ("breadcrumbs.values[].category", "kept"),
    ("breadcrumbs.values[].timestamp", "kept"),
]


@pytest.mark.parametrize(("path", "fate"), NEEDED, ids=[row[0] for row in NEEDED])
def test_what_a_developer_needs_arrives(error: Any, path: str, fate: str) -> None:
    """Nothing of it is dropped, in any frame and any breadcrumb."""
    found = {fate for field, fate in fates(*error) if field == path}
    assert fate in found
    assert "dropped" not in found


def test_the_exceptions_and_their_words_arrive(error: Any) -> None:
    """Type, cause and message are there, and the message reads on without the value."""
    values = error[1]["exception"]["values"]
    assert [(value["type"], value["value"]) for value in values] == [
        ("KeyError", "'price'"),
        ("ValueError", "no price for [INPUT] at [EMAIL]"),
    ]


@pytest.mark.skipif(VERSION < "2.75", reason="the published table is the newest SDK's")
def test_the_published_table_of_what_is_kept_is_that_of_this_run(error: Any) -> None:
    """``python tests/support/leak_matrix.py`` writes it again."""
    assert kept_table(*error) == KEPT.read_text()
