"""Without consent nothing of a request leaves, whatever is recorded in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from flask import Flask, g, request
from flask_calls import call, flushed, site
from flask_site import create_app
from sentry_sdk import logger as structured

# Older SDKs have no metrics.
metrics: Any = getattr(sentry_sdk, "metrics", None)

NAME = "Wilhelmina"


def everything(**settings: Any) -> Flask:
    """Make a site with a view that records all there is, and fails."""
    app = create_app(**settings)

    @app.get("/everything/<name>")
    def view(name: str) -> str:
        sentry_sdk.capture_message(f"message of {name}")
        app.logger.error("log of %s", name)
        structured.error("structured log")
        if metrics is not None:
            metrics.count("orders", 1)
        with sentry_sdk.start_span(op="function", name="work"):
            raise ValueError(f"no {name}")

    @app.get("/told")
    def told() -> dict[str, Any]:
        return {"reference": g.telemetry_session_id}

    return app


def raises(request: Any) -> bool:
    raise OSError(NAME)


REFUSALS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda request: False, "no"),
    (lambda request: None, "no answer"),
    (lambda request: "yes", "an answer that is true by accident"),
    (raises, "a callable that fails"),
    (lambda _: request.form, "one that asks Flask, which has no request yet"),
    (lambda request: request.cookies.get("consent") == "yes", "a cookie that isn't there"),
]
LOGS = {"TELEMETRY_SENTRY_OPTIONS": {"enable_logs": True}, "TELEMETRY_TRACES_SAMPLE_RATE": 1.0}


@pytest.mark.parametrize("consent", [row[0] for row in REFUSALS], ids=[row[1] for row in REFUSALS])
@pytest.mark.parametrize("counting", [False, True], ids=["", "with requests counted"])
def test_without_consent_nothing_leaves(consent: Callable[[Any], Any], counting: bool) -> None:
    """No error, log, metric, span or count, and there is no reference to show."""
    options = {"enable_logs": True, "auto_session_tracking": counting}
    given = {**LOGS, "TELEMETRY_SENTRY_OPTIONS": options, "TELEMETRY_CONSENT": consent}
    with site(everything, **given) as running:
        assert call(running.app, f"/everything/{NAME}").status == 500
        assert call(running.app, "/told").body == b'{"reference":null}\n'
        assert flushed(running).bodies == []


def test_with_consent_everything_leaves() -> None:
    """The callable gets Flask's own kind of request; the same view then sends all it records."""
    kinds: list[type[Any]] = []

    def consent(request: Any) -> bool:
        kinds.append(type(request))
        return bool(request.cookies.get("consent") == "yes")

    with site(everything, **LOGS, TELEMETRY_CONSENT=consent) as running:
        call(running.app, f"/everything/{NAME}", headers={"Cookie": "consent=yes"})
        types = {item.type for item in flushed(running).items()}
        assert NAME.encode() not in running.kept.wire
    assert kinds == [running.app.request_class]
    assert types >= {"event", "transaction", "log"}


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_a_browsers_signal_leaves_errors_without_a_session_and_nothing_else(header: str) -> None:
    """``TELEMETRY_GPC="anonymise"``, the default: errors only, and of nobody."""
    with site(everything, **LOGS) as running:
        call(running.app, f"/everything/{NAME}", headers={header: "1"})
        assert call(running.app, "/told", headers={header: "1"}).body == b'{"reference":null}\n'
        kept = flushed(running)
        assert {item.type for item in kept.items()} == {"event"}
        assert NAME.encode() not in kept.wire
        for event in kept.payloads("event"):
            assert "user" not in event
            assert "session_id" not in (event.get("tags") or {})


def test_a_signal_can_mean_that_nothing_leaves() -> None:
    """``TELEMETRY_GPC="drop"``."""
    with site(everything, **LOGS, TELEMETRY_GPC="drop") as running:
        call(running.app, f"/everything/{NAME}", headers={"Sec-GPC": "1"})
        assert flushed(running).bodies == []


def test_one_visitors_refusal_is_not_the_nexts() -> None:
    """Requests that follow each other in a thread are decided on their own."""

    def consent(request: Any) -> bool:
        return "agreed" in request.args

    with site(everything, **LOGS, TELEMETRY_CONSENT=consent) as running:
        for target in ("/sync/7", "/sync/7?agreed=1", "/sync/7"):
            call(running.app, target)
        flushed(running).event()


def test_what_a_server_logs_between_requests_is_not_the_visitors() -> None:
    """Access logs and servers' errors, with the raw path, become neither events nor breadcrumbs."""
    with site() as running:
        for name in ("gunicorn.access", "gunicorn.error", "waitress", "werkzeug"):
            logging.getLogger(name).error("GET /people/%s", NAME)
        call(running.app, "/sync/7")
        flushed(running).event()
        assert NAME.encode() not in running.kept.wire
