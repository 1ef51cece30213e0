"""What a Flask developer would try."""

from __future__ import annotations

import pytest
import sentry_sdk
from conftest import create_app

from telemetry_core import get_telemetry_config


def test_off_before(client):
    assert client.get("/search?q=x").status_code == 500
    assert not get_telemetry_config().active


@pytest.mark.parametrize("time", [1, 2])
@pytest.mark.telemetry_canaries
def test_planted(client, telemetry_outbox, telemetry_canaries, time):
    # As a server does: the request ends with its response.
    client.get("/search", query_string={"q": telemetry_canaries.note}).close()
    (event,) = telemetry_outbox.events
    assert event["exception"]["values"][0]["value"].startswith("nothing for [INPUT]")
    assert [one["transaction"] for one in telemetry_outbox.transactions] == ["/search"]


@pytest.mark.parametrize("time", [1, 2])
def test_an_application_of_the_test_s_own(telemetry_outbox, time):
    app = create_app(PROPAGATE_EXCEPTIONS=False, TELEMETRY_RELEASE=f"v{time}")
    app.test_client().get("/search?q=ximena-vaketo")
    (event,) = telemetry_outbox.events
    assert event["release"] == f"v{time}"
    telemetry_outbox.assert_no_leak("ximena-vaketo")


def test_outside_requests(telemetry_outbox):
    sentry_sdk.capture_message("hello")
    assert len(telemetry_outbox.events) == 1


def test_off_afterwards(app, client):
    assert client.get("/search?q=x").status_code == 500
    assert not get_telemetry_config().active
    assert not app.extensions["telemetry"].active
