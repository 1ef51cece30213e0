"""Django's log lines and events are joined by the session, and a boundary's error arrives once."""

from __future__ import annotations

import logging.config
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django_calls import Answer, call_asgi, call_wsgi, flushed, reporting
from logs import check_correlation, json_log, lines_in

from telemetry_core import get_telemetry_config
from telemetry_core.collector import Collector

NAMES = ("Jane-Roe", "Zebedee-Quux")

calls = pytest.mark.parametrize(
    ("call", "view"),
    [(call_wsgi, "pay"), (call_wsgi, "apay"), (call_asgi, "pay"), (call_asgi, "apay")],
    ids=["WSGI", "WSGI, async view", "ASGI, sync view", "ASGI"],
)


@calls
def test_events_lead_to_log_lines_and_back(call: Callable[[str], Answer], view: str) -> None:
    """By the session id, from the collector to the log and the other way."""
    with (
        Collector() as collector,
        reporting(
            TELEMETRY_DSN=collector.dsn,
            TELEMETRY_SENTRY_OPTIONS={"transport": None, "auto_session_tracking": False},
        ),
        json_log("django_site") as log,
    ):
        for name in NAMES:
            assert call(f"/{view}/{name}/").status == 500
        get_telemetry_config().flush(5)
        check_correlation(log, collector, visitors=len(NAMES))
        for name in NAMES:
            assert name not in log.getvalue()
            assert name.encode() not in collector.body()


@calls
def test_django_s_own_handlers_work_as_before(call: Callable[[str], Answer], view: str) -> None:
    """The page of handler500 is shown, the error arrives once, and a 404 is none."""
    with reporting() as kept:
        failed = call(f"/{view}/Jane-Roe/")
        missing = call(f"/{view}/nobody/")
        flushed(kept)
    assert (failed.status, missing.status) == (500, 404)
    assert b"sorry" in failed.body.lower()
    assert kept.event()["contexts"]["boundary"]["operation"] == "charge"


def test_the_setting_logging_takes_the_formatters() -> None:
    """As Django configures logging from its settings, before any app is loaded."""
    stream = StringIO()
    given: dict[str, Any] = {
        **settings.LOGGING,
        "formatters": {"json": {"()": "telemetry_core.logging.JsonFormatter"}},
        "handlers": {
            "json": {"class": "logging.StreamHandler", "stream": stream, "formatter": "json"}
        },
        "loggers": {"django_site.logs": {"handlers": ["json"], "level": "INFO"}},
    }
    logging.config.dictConfig(given)
    logger = logging.getLogger("django_site.logs")
    try:
        logger.info("paid by %s", "jane@example.com")
    finally:
        logger.handlers.clear()
    assert [line["message"] for line in lines_in(stream)] == ["paid by [EMAIL]"]


def test_what_the_view_reads_is_taken_out_of_the_next_line() -> None:
    """A form is known from when the view has read it, the user from when it is set or changed."""
    with reporting(), json_log("django_site") as log:
        call_wsgi(
            "/read/?step=Kangaroo-1",
            method="POST",
            body=b"name=Quokka-Smith",
            content_type="application/x-www-form-urlencoded",
        )
    assert [line["message"] for line in lines_in(log)] == [
        "at [INPUT]",
        "hello [INPUT]",
        "known as [USER]",
        "married to [USER]",
    ]
