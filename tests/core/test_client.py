"""The client: what the SDK fails at costs an event, and never reaches the code that captures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, telemetry

MISSHAPEN: list[Any] = [
    {"threads": ["x"]}, {"contexts": "x"}, {"contexts": {"trace": "x"}}, {"breadcrumbs": "x"},
    {"breadcrumbs": {"values": "x"}}, {"exception": "x"}, {"stacktrace": "x"},
    {"type": "transaction", "contexts": "x"}, "x", ["x"], None, 5,
]  # fmt: skip


@pytest.mark.parametrize("event", MISSHAPEN, ids=str)
def test_an_event_of_the_wrong_shape_is_dropped_and_counted(event: Any) -> None:
    """The SDK takes such events apart on the thread that captures, and would raise there."""
    with telemetry() as running:
        assert sentry_sdk.capture_event(event) is None
        assert running.config.drops.counts() == {("capture_error", "event"): 1}
        assert running.config.capture_message("goes on") is not None


def _fail(*_: Any) -> Any:
    raise RuntimeError("a user's")


@contextmanager
def failing_sampler() -> Iterator[Running]:
    """A user's sampler of errors that raises."""
    with telemetry(sentry_options={"error_sampler": _fail}) as running:
        yield running


@contextmanager
def failing_processor() -> Iterator[Running]:
    """A user's error processor that raises; newer SDKs go on without it."""
    with telemetry() as running:
        sentry_sdk.get_isolation_scope().add_error_processor(_fail)
        yield running


@pytest.mark.parametrize("failing", [failing_sampler, failing_processor])
def test_what_users_put_into_the_sdk_reaches_nobody_when_it_raises(failing: Any) -> None:
    """The error is sent without, or counted; the code that captures it goes on."""
    with failing() as running:
        sentry_sdk.capture_exception(ValueError("no"))
        counted = running.config.drops.counts().get(("capture_error", "event"), 0)
        assert len(running.kept.payloads("event")) + counted == 1


def test_a_sampler_that_raises_records_nothing_and_reaches_nobody() -> None:
    """The SDK asks it wherever a transaction is begun, around each request as well."""
    with telemetry(sentry_options={"traces_sampler": _fail}) as running:
        with sentry_sdk.start_transaction(name="job") as transaction:
            assert not transaction.sampled
        assert running.kept.items("transaction") == []
        assert running.config.drops.counts() == {("hook_error", "transaction"): 1}
