"""What a Django developer would try."""

from __future__ import annotations

import logging

import pytest
import sentry_sdk
from django.test import Client, TestCase

from telemetry_core import get_telemetry_config
from telemetry_core.testing import Canaries, collect_telemetry


def test_off_before():
    assert not get_telemetry_config().active


def test_the_settings_hold(client, telemetry_outbox):
    sentry_sdk.set_tag("order_kind", "book")
    sentry_sdk.capture_message("hello")
    assert telemetry_outbox.events[0]["tags"]["order_kind"] == "book"
    assert telemetry_outbox.transactions == []


def test_a_setting_is_changed(client, settings, telemetry_outbox):
    client.raise_request_exception = False
    settings.TELEMETRY_TRACES_SAMPLE_RATE = 0.0
    client.post("/pay/", {"name": "Ximena Vaketo"})
    assert len(telemetry_outbox.events) == 1
    assert telemetry_outbox.transactions == []
    telemetry_outbox.assert_no_leak("Ximena Vaketo")


def test_off_in_between():
    assert not get_telemetry_config().active


@pytest.mark.telemetry_canaries
def test_planted(client, telemetry_outbox, telemetry_canaries):
    client.raise_request_exception = False
    client.post("/pay/", {"name": telemetry_canaries.name, "email": telemetry_canaries.email})
    (event,) = telemetry_outbox.events
    # What it was planted in did reach the view.
    assert event["exception"]["values"][0]["value"].count("[") >= 4
    assert [one["transaction"] for one in telemetry_outbox.transactions] == ["/pay/"]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.telemetry_canaries
async def test_planted_async(async_client, telemetry_outbox):
    async_client.raise_request_exception = False
    await async_client.post("/apay/")
    value = telemetry_outbox.events[0]["exception"]["values"][0]["value"]
    assert "no payment by None" in value
    assert value.count("[") >= 4


@pytest.mark.telemetry_canaries("Ximena Vaketo")
def test_caught():
    logging.getLogger("shop").error("an order of %s", " ".join(["Ximena", "Vaketo"]))


class Cases(TestCase):
    databases = ()

    def setUp(self):
        self.outbox = self.enterContext(collect_telemetry())
        self.canaries = Canaries()
        self.canaries.plant(self.client)

    def test_planted(self):
        self.client.raise_request_exception = False
        self.client.post("/pay/", {"name": self.canaries.name})
        self.outbox.assert_no_leak(*self.canaries)


def test_off_afterwards():
    assert not get_telemetry_config().active
    client = Client(raise_request_exception=False)
    assert client.post("/pay/").status_code == 500
