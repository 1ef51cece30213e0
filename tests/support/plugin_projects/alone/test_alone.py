"""What a developer would try who has neither framework."""

from __future__ import annotations

import logging

import pytest

from telemetry_core import get_telemetry_config


def test_passes(telemetry_outbox):
    get_telemetry_config().capture_message("mail to jane@example.org")
    telemetry_outbox.assert_no_leak("jane@example.org")


def test_fails(telemetry_outbox):
    logging.getLogger("shop").error("%s of %s", "Voucher", " ".join(["Jane", "Example"]))
    telemetry_outbox.assert_no_leak("jane@example.org", "Voucher of Jane Example")


@pytest.mark.telemetry_canaries("Voucher of Jane Example")
def test_fails_by_its_marker(telemetry_canaries):
    logging.getLogger("shop").error("%s of %s", "Voucher", " ".join(["Jane", "Example"]))


@pytest.mark.telemetry_canaries
def test_marked_and_nothing_sent():
    pass


@pytest.mark.telemetry_canaries
def test_marked_and_failing_by_itself(telemetry_canaries):
    logging.getLogger("shop").error("of %s", telemetry_canaries.note)
    raise LookupError("its own")
