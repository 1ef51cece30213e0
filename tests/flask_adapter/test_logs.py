"""Flask's log lines and events are joined by the session, and a boundary's error arrives once."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask, abort, g, request, session
from flask_calls import call, flushed, site
from logs import check_correlation, json_log, lines_in

from telemetry_core import error_boundary, telemetry_context
from telemetry_core.collector import Collector
from telemetry_flask import Telemetry

NAMES = ("Jane-Roe", "Zebedee-Quux")

logger = logging.getLogger("flask_logs")


def create_app(**settings: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="only-for-tests", **settings)
    Telemetry(app)

    @error_boundary("charge", category="network")
    def charge(name: str) -> str:
        if name == "nobody":
            abort(404)
        raise ValueError(f"no {name}")

    @error_boundary("charge", category="network")
    async def acharge(name: str) -> str:
        raise ValueError(f"no {name}")

    @app.get("/pay/<name>")
    @telemetry_context(operation="checkout")
    def pay(name: str) -> str:
        logger.info("begun by %s", name)
        return charge(name)

    @app.get("/apay/<name>")
    @telemetry_context(operation="checkout")
    async def apay(name: str) -> str:
        logger.info("begun by %s", name)
        return await acharge(name)

    @app.get("/rate/<name>")
    def rate(name: str) -> str:
        with error_boundary("rate", fallback=None):
            abort(403)
        return "unknown"

    @app.errorhandler(ValueError)
    def refuse(error: ValueError) -> tuple[str, int]:
        return "refused", 418

    @app.post("/read")
    def read() -> str:
        logger.info("at %s", request.args["step"])
        logger.info("hello %s", request.form["name"])
        session["nickname"] = "Quokka-Nick"
        logger.info("called %s", "Quokka-Nick")
        g.user = {"name": "Wombat-Jones"}
        logger.info("known as %s", "Wombat-Jones")
        g.user["name"] = "Wombat-Miller"
        logger.info("married to %s", "Wombat-Miller")
        return "ok"

    return app


@pytest.mark.parametrize("view", ["pay", "apay"])
def test_events_lead_to_log_lines_and_back(view: str) -> None:
    """By the session id, from the collector to the log and the other way."""
    if view == "apay":
        pytest.importorskip("asgiref", reason="Flask's async views need it")
    with (
        Collector() as collector,
        site(
            create_app,
            TELEMETRY_DSN=collector.dsn,
            TELEMETRY_SENTRY_OPTIONS={"transport": None, "auto_session_tracking": False},
        ) as found,
        json_log("flask_logs") as log,
    ):
        for name in NAMES:
            assert call(found.app, f"/{view}/{name}").status == 418
        flushed(found)
        check_correlation(log, collector, visitors=len(NAMES))
        for name in NAMES:
            assert name not in log.getvalue()
            assert name.encode() not in collector.body()


def test_flask_s_own_handlers_work_as_before() -> None:
    """An errorhandler answers, the error arrives once, and what is aborted is no error."""
    with site(create_app) as found:
        refused = call(found.app, "/pay/Jane-Roe")
        missing = call(found.app, "/pay/nobody")
        forbidden = call(found.app, "/rate/Jane-Roe")
        kept = flushed(found)
    assert (refused.status, refused.body) == (418, b"refused")
    assert missing.status == 404
    assert forbidden.status == 403, "a fallback hides no answer of Flask's"
    assert kept.event()["contexts"]["boundary"]["operation"] == "charge"


def test_an_abort_is_no_error_with_telemetry_off_either() -> None:
    """A fallback does the same whether anybody looks or not."""
    with site(create_app, TELEMETRY_ENABLED=False) as found:
        assert call(found.app, "/rate/Jane-Roe").status == 403


def test_what_the_view_reads_is_taken_out_of_the_next_line() -> None:
    """Form, session and user are known from when the view has read or set them."""
    with site(create_app) as found, json_log("flask_logs") as log:
        answer = call(
            found.app,
            "/read?step=Kangaroo-1",
            method="POST",
            body=b"name=Quokka-Smith",
            content_type="application/x-www-form-urlencoded",
        )
    assert answer.status == 200
    assert [line["message"] for line in lines_in(log)] == [
        "at [INPUT]",
        "hello [INPUT]",
        "called [INPUT]",
        "known as [USER]",
        "married to [USER]",
    ]
