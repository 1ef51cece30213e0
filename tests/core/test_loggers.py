"""A log that only repeats what was reported costs no second event."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import Any

import pytest
from capturing import inside, telemetry
from leak_matrix import Visitor
from sentry_sdk.integrations import logging as sdk_logging
from sentry_sdk.utils import event_from_exception

from telemetry_core import TelemetryConfig
from telemetry_core.loggers import pass_over_reported
from telemetry_core.request import Request


def entered(config: TelemetryConfig) -> AbstractContextManager[Request]:
    return inside(Request(config, Visitor(sent="nothing")))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The exceptions of which the SDK's logging builds an event."""
    found: list[Any] = []
    build = event_from_exception

    def recorded(exc_info: Any, **options: Any) -> Any:
        found.append(exc_info[1])
        return build(exc_info, **options)

    monkeypatch.setattr(sdk_logging, "event_from_exception", recorded)
    return found


def test_what_was_reported_is_not_built_again_to_be_dropped(built: list[Any]) -> None:
    """In its request and after it, by whatever logger; another error of the request is."""
    log = logging.getLogger("shop")
    reported, other = ValueError("reported"), ValueError("logged")
    with telemetry() as running:
        with entered(running.config) as request:
            request.capture(reported)
            log.error("again", exc_info=reported)
            log.error("new", exc_info=other)
            log.error("no exception")
        log.error("after it", exc_info=reported)
    assert built == [other]
    assert len(running.kept.payloads("event")) == 3


def test_the_log_is_a_breadcrumb_all_the_same() -> None:
    """What happens after it shows that it was logged."""
    error = ValueError("reported")
    with telemetry() as running, entered(running.config) as request:
        request.capture(error)
        logging.getLogger("shop").error("again", exc_info=error)
        running.config.capture_message("after it")
    (crumb,) = running.kept.payloads("event")[1]["breadcrumbs"]["values"]
    assert crumb["message"] == "again"


@pytest.mark.parametrize("exc_info", [None, (None, None, None), (), True])
def test_a_record_of_no_exception_passes(exc_info: Any) -> None:
    """Whatever libraries write there."""
    record = logging.LogRecord("shop", logging.ERROR, __file__, 1, "no", (), None)
    record.exc_info = exc_info
    handler = logging.Handler()

    class Holding:
        _handler = handler

    pass_over_reported(Holding())
    assert handler.filter(record)


def test_an_integration_of_another_make_is_left_alone() -> None:
    """One that holds no handler, or none at all."""
    pass_over_reported(None)
    pass_over_reported(object())
