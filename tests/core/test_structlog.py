"""structlog's events are filtered as log records are, and get the same fields."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from typing import Any

import pytest
from capturing import Running, inside, telemetry
from leak_matrix import Visitor

from telemetry_core import error_boundary
from telemetry_core.logging import WITHHELD, JsonFormatter, filter_event
from telemetry_core.request import Request

structlog: Any = pytest.importorskip("structlog")

EMAIL = "jane.roe" + "@mail.example.org"
CARD = "4111 1111 1111 1111"
NAME = "Jane" + " Roe"
FOLDER = "/home/" + "jane.roe/orders.csv"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def entered(running: Running) -> AbstractContextManager[Request]:
    return inside(Request(running.config, Visitor(sent=NAME)))


def printing(stream: StringIO) -> Any:
    """structlog alone, as its documentation sets it up, with ours before the renderer."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.CallsiteParameterAdder(
                [
                    structlog.processors.CallsiteParameter.FILENAME,
                    structlog.processors.CallsiteParameter.LINENO,
                ]
            ),
            filter_event,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    return structlog.get_logger()


@contextmanager
def through_logging(stream: StringIO) -> Iterator[Any]:
    """structlog in front of the standard library's logging, which sentry-sdk listens to."""
    structlog.configure(
        processors=[filter_event, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("shop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield structlog.get_logger("shop")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def in_event(log: Any) -> None:
    log.error(f"paid by {EMAIL} of {NAME} with {CARD} from {FOLDER}")


def in_values(log: Any) -> None:
    log.error("paid", who=NAME, operation=EMAIL, card=[CARD], **{EMAIL: FOLDER})


def in_bound_values(log: Any) -> None:
    log.bind(customer=NAME, status=f"{EMAIL} {CARD}").error("paid")


def in_context_variables(log: Any) -> None:
    with structlog.contextvars.bound_contextvars(customer=NAME, operation=f"of {EMAIL}"):
        log.error("paid")


def in_names(log: Any) -> None:
    log.bind(logger=f"shop.{NAME}", thread_name=NAME, task_name=EMAIL).error("paid")


def in_an_exception(log: Any) -> None:
    try:
        try:
            raise KeyError(EMAIL)
        except KeyError as error:
            failure = ValueError(f"no order of {NAME}")
            failure.add_note(f"{CARD} {FOLDER}")
            raise failure from error
    except ValueError:
        log.exception("failed", logger=EMAIL)


PLACES = (in_event, in_values, in_bound_values, in_context_variables, in_names, in_an_exception)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_what_is_planted_in_an_event_is_neither_logged_nor_sent(
    place: Callable[[Any], None],
) -> None:
    """Printed by structlog itself, and through logging with what sentry-sdk makes of it."""
    with telemetry(sentry_options={"enable_logs": True}) as running, entered(running):
        printed, logged = StringIO(), StringIO()
        place(printing(printed))
        with through_logging(logged) as log:
            place(log)
        running.config.flush()
        assert running.kept.payloads("event")
        for text in (printed.getvalue(), logged.getvalue()):
            assert text.strip()
            for value in (EMAIL, CARD, NAME, FOLDER, "jane.roe"):
                assert value not in text
                assert value.encode() not in running.kept.wire


def test_an_event_tells_where_it_belongs() -> None:
    """The fields of a log line, and allowed values as they are."""
    stream = StringIO()
    with telemetry() as running, entered(running) as request, error_boundary("pay"):
        printing(stream).info("paid", status="new", duration_ms=3)
        session_id = request.session_id
    line = json.loads(stream.getvalue())
    assert (line["event"], line["status"], line["duration_ms"]) == ("paid", "new", 3)
    assert (line["session_id"], line["route"]) == (session_id, "/orders/<int:id>/")
    assert (line["operation"], line["environment"], line["release"]) == ("pay", "testing", "1.2.3")
    assert (line["level"], line["filename"]) == ("info", "test_structlog.py")
    assert {"trace_id", "span_id", "timestamp", "lineno"} <= line.keys()


def test_an_error_becomes_an_event_of_sentry_s_once() -> None:
    """With the same session, and its allowed values."""
    stream = StringIO()
    with telemetry() as running, entered(running), through_logging(stream) as log:
        log.info("begun", status="new")
        log.error("failed", status="new", customer=NAME)
        event = running.kept.event()
    assert event["logentry"]["formatted"] == "failed"
    assert (event["extra"]["status"], event["extra"]["customer"]) == ("new", "[Filtered]")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["begun", "failed"]
    assert {line["session_id"] for line in lines} == {event["user"]["id"]}


class Failing:
    def __str__(self) -> str:
        raise RuntimeError(EMAIL)


def test_an_event_that_can_not_be_filtered_goes_out_withheld() -> None:
    """With level and place, and nothing else of it."""
    stream = StringIO()
    with telemetry() as running:
        printing(stream).warning(Failing(), customer=NAME)
        assert running.config.drops.counts() == {("log_error", "event"): 1}
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"]) == (WITHHELD, "warning")
    assert line["filename"] == "test_structlog.py"
    assert line["error"] == "RuntimeError by its own message or arguments"
    assert "customer" not in line


def test_the_event_that_was_given_is_not_changed() -> None:
    """Other processors may hold it."""
    given: dict[str, Any] = {"event": f"paid by {EMAIL}", "customer": NAME}
    before = dict(given)
    made = filter_event(None, "info", given)
    assert given == before
    assert made["event"] == "paid by [EMAIL]"


@pytest.mark.parametrize(
    "exc_info", [(1, 2, 3), (None, None, None), "text", 7, False, (ValueError, None, None)]
)
def test_what_is_no_exception_costs_no_line(exc_info: object) -> None:
    """structlog takes anything for exc_info."""
    assert filter_event(None, "error", {"event": "failed", "exc_info": exc_info}) == (
        filter_event(None, "error", {"event": "failed"})
    )
