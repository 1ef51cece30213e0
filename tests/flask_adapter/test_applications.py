"""Setting up: once for each application, with settings of its own, wrong ones refused at once."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sentry_sdk
from capturing import Kept
from flask import Flask, g
from flask_calls import Site, call, settings_for, site
from flask_site import create_app

from telemetry_core import SettingsError, TelemetryError, job, shutdown_telemetry
from telemetry_flask import Telemetry

SECRET_DSN = "https://c0113c70c0113c70c0113c70c0113c70@telemetry.example/1"


@pytest.fixture
def two() -> Iterator[list[tuple[Flask, Kept]]]:
    """Two applications in one process, with telemetry that differs."""
    made: list[tuple[Flask, Kept]] = []
    with sentry_sdk.isolation_scope():
        for release in ("first@1", "second@2"):
            kept = Kept()
            made.append((create_app(**settings_for(kept, TELEMETRY_RELEASE=release)), kept))
        yield made
        shutdown_telemetry()
        for app, _ in made:
            app.extensions["telemetry"].shutdown()


def releases(kept: Kept) -> set[str]:
    return {event["release"] for event in kept.payloads("event")}


def counts(two: list[tuple[Flask, Kept]]) -> list[int]:
    for app, _ in two:
        app.extensions["telemetry"].flush()
    return [len(kept.payloads("event")) for _, kept in two]


def test_two_applications_keep_apart_in_requests(two: list[tuple[Flask, Kept]]) -> None:
    """Each error goes where its application's telemetry goes, also side by side in threads."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: call(two[number % 2][0], f"/logged-other/{number}"), range(8)))
    assert counts(two) == [8, 8]
    assert [releases(kept) for _, kept in two] == [{"first@1"}, {"second@2"}]


def test_two_applications_keep_apart_outside_requests(two: list[tuple[Flask, Kept]]) -> None:
    """What is captured in an application's context goes where its telemetry goes, nested or not."""
    (first, _), (second, _) = two
    with second.app_context():
        second.logger.error("of the second")
        with first.app_context():
            first.logger.error("of the first")
        with second.app_context():
            sentry_sdk.capture_message("of the second")
        logging.getLogger("site").error("of the second still")
    logging.getLogger("site").error("of the process, which is the first's")
    assert counts(two) == [2, 3]
    assert [releases(kept) for _, kept in two] == [{"first@1"}, {"second@2"}]


def test_a_context_of_the_other_application_in_a_request_keeps_apart(
    two: list[tuple[Flask, Kept]],
) -> None:
    """A view that works in another application's context leaves its own as it was."""
    (first, _), (second, _) = two

    @first.get("/works")
    def works() -> str:
        with second.app_context():
            second.logger.error("of the second")
        first.logger.error("of the first")
        return "ok"

    assert call(first, "/works").status == 200
    assert counts(two) == [1, 1]


def test_a_job_is_reported_where_its_application_is(two: list[tuple[Flask, Kept]]) -> None:
    """In a context of its own as in a request; without one it is the process's, so the first's."""
    (first, _), (second, _) = two

    @second.get("/works")
    def works() -> str:
        with job("within"):
            second.logger.error("of the second")
        return "ok"

    with second.app_context(), job("nightly"):
        second.logger.error("of the second")
    assert call(second, "/works").status == 200
    with first.app_context(), job("nightly"):
        first.logger.error("of the first")
    with job("nightly"):
        logging.getLogger("site").error("of the process")
    assert counts(two) == [2, 2]
    assert [releases(kept) for _, kept in two] == [{"first@1"}, {"second@2"}]


def test_a_second_set_up_is_refused() -> None:
    """`Telemetry(app)` and `init_app(app)` together say what to do."""
    with site() as running, pytest.raises(TelemetryError, match="only once"):
        Telemetry().init_app(running.app)


def test_two_applications_with_the_same_settings_share_telemetry() -> None:
    """One client, one connection: an application factory may be called more than once."""
    with site() as running:
        same = {k: v for k, v in running.app.config.items() if k.startswith("TELEMETRY_")}
        other = create_app(**same)
        assert other.extensions["telemetry"] is running.app.extensions["telemetry"]
        call(running.app, "/sync/7")
        call(other, "/sync/7")
        assert len(running.kept.payloads("event")) == 2


def test_wrong_settings_are_refused_with_all_problems_and_no_dsn() -> None:
    """At `init_app`; each setting is named, what it was is said, and the DSN is not."""
    app = Flask(__name__)
    app.config.update(
        TELEMETRY_ENABLED=True,
        TELEMETRY_DSN=SECRET_DSN.replace("https", "htps"),
        TELEMETRY_TRACES_SAMPLE_RATE=7,
        TELEMETRY_RELEASES="1.2.3",
        TELEMETRY_GPC="maybe",
    )
    with pytest.raises(SettingsError) as caught:
        Telemetry(app)
    names = {problem.setting for problem in caught.value.problems}
    assert names == {
        "TELEMETRY_DSN",
        "TELEMETRY_TRACES_SAMPLE_RATE",
        "TELEMETRY_RELEASES",
        "TELEMETRY_GPC",
    }
    assert "c0113c70" not in str(caught.value)
    assert "telemetry" not in app.extensions


def test_enabled_with_no_dsn_is_refused() -> None:
    """Telemetry that was switched on and goes nowhere is a mistake."""
    app = Flask(__name__)
    app.config.update(TELEMETRY_ENABLED=True)
    with pytest.raises(SettingsError, match="TELEMETRY_DSN"):
        Telemetry(app)


DISABLED = """
import threading, sys
from flask import Flask, g
import sentry_sdk
from telemetry_flask import Telemetry

app = Flask("x")
plain = app.wsgi_app
Telemetry(app)
app.add_url_rule("/fail", "fail", lambda: 1 / 0)
app.add_url_rule("/told", "told", lambda: str(g.telemetry_session_id))
client = app.test_client()
assert client.get("/fail").status_code == 500
assert client.get("/told").text == "None"
assert app.wsgi_app == plain and type(app) is Flask
assert not app.after_request_funcs and not app.before_request_funcs
assert not sentry_sdk.get_client().is_active()
assert threading.enumerate() == [threading.main_thread()]
"""


def test_disabled_means_no_client_no_thread_and_nothing_around() -> None:
    """Even with ``SENTRY_DSN`` in the environment; its host would fail to resolve."""
    environment = {**os.environ, "SENTRY_DSN": SECRET_DSN}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DISABLED],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_clients_of_tests_are_followed() -> None:
    """With and without ``with``, which keeps Flask's context: the reference can be looked at."""
    with site() as running:
        running.app.config["PROPAGATE_EXCEPTIONS"] = False
        with running.app.test_client() as client:
            page = client.get("/sync/7").text
            assert g.telemetry_session_id in page
        running.app.test_client().get("/sync/7")
        assert len(running.kept.payloads("event")) == 2


def test_an_application_works_on_when_telemetry_was_shut_down() -> None:
    """Between tests: `shutdown_telemetry()` ends it, and a new application begins anew."""
    with site() as running:
        shutdown_telemetry()
        assert call(running.app, "/sync/7").status == 500
        assert running.kept.bodies == []
    with site() as again:
        assert call(again.app, "/sync/7").status == 500
        again.kept.event()


@pytest.fixture
def running() -> Iterator[Site]:
    with site(TESTING=True, PROPAGATE_EXCEPTIONS=False) as made:
        yield made


@pytest.fixture
def app(running: Site) -> Flask:
    """What pytest-flask asks for."""
    return running.app


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("turn", [1, 2])
def test_pytest_flask_isolates_tests(running: Site, turn: int) -> None:
    """It pushes a request's context around each test; each has telemetry of its own."""
    assert running.app.test_client().get("/sync/7").status_code == 500
    running.kept.event()
