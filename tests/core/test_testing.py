"""The public module for tests: what it collects, what it claims, and what it leaves behind."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from capturing import Kept
from sentry_sdk import logger
from sentry_sdk.crons import capture_checkin
from sentry_sdk.transport import Transport

from telemetry_core import (
    SettingsError,
    TelemetryError,
    get_session_manager,
    get_telemetry_config,
    initialize_telemetry,
    shutdown_telemetry,
)
from telemetry_core.collector import Planted
from telemetry_core.diversion import switches
from telemetry_core.filter.pii import PIIFilter
from telemetry_core.testing import Canaries, Outbox, collect_telemetry

ADDRESS = "jane.doe@example.org"
NAME = "Ximena Vaketo"


@pytest.fixture(autouse=True)
def _no_application() -> Iterator[None]:
    """Those of other tests, which may still be there, are not to be switched on in these."""
    of_frameworks = switches.copy()
    switches.clear()
    yield
    switches[:] = of_frameworks


@pytest.fixture(autouse=True)
def _off_afterwards() -> Iterator[None]:
    yield
    shutdown_telemetry()
    sentry_sdk.Scope.get_global_scope().set_client(None)


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    with collect_telemetry() as collected:
        yield collected


def _raise(message: str) -> None:
    # The value comes from elsewhere, so that no line of source holds it.
    try:
        raise ValueError(message)
    except ValueError:
        sentry_sdk.capture_exception()


def test_each_kind_of_item_has_its_property(outbox: Outbox) -> None:
    """Parsed, and each record of those that are sent many to an item by itself."""
    with sentry_sdk.start_transaction(name="checkout", op="task"), sentry_sdk.start_span(op="db"):
        sentry_sdk.capture_message("hello")
    capture_checkin(monitor_slug="nightly", status="ok")
    assert [event["message"] for event in outbox.events] == ["hello"]
    assert [transaction["transaction"] for transaction in outbox.transactions] == ["checkout"]
    assert [span["op"] for span in outbox.spans] == ["db"]
    assert [check_in["monitor_slug"] for check_in in outbox.check_ins] == ["nightly"]
    assert (outbox.feedback, outbox.attachments, outbox.sessions) == ([], [], [])
    assert {item.type for item in outbox.items} == {"event", "transaction", "check_in"}
    assert b"checkout" in outbox.bytes


def test_logs_need_no_flush() -> None:
    """The SDK sends them in batches every few seconds; an outbox doesn't wait for that."""
    initialize_telemetry(
        dsn="https://key@telemetry.invalid/1", enabled=True, sentry_options={"enable_logs": True}
    )
    with collect_telemetry() as outbox:
        for number in range(2):
            logger.info("order {number} by {who}", number=number, who=ADDRESS)
        assert [record["body"] for record in outbox.logs] == [
            "order 0 by [EMAIL]",
            "order 1 by [EMAIL]",
        ]
        outbox.assert_no_leak(ADDRESS)


@pytest.mark.parametrize("was_on", [True, False])
def test_telemetry_is_afterwards_as_it_was(was_on: bool) -> None:
    """On with its own client and transport, or off; and the block's session is over."""
    kept = Kept()
    if was_on:
        initialize_telemetry(
            dsn="https://key@telemetry.invalid/1",
            enabled=True,
            sentry_options={"transport": kept.transport},
        )
    before = get_telemetry_config().client
    transport = before.transport if before is not None else None
    with collect_telemetry() as outbox:
        get_session_manager().start_session()
        assert get_telemetry_config().active
        get_telemetry_config().capture_message("within")
    assert get_telemetry_config().client is before
    assert sentry_sdk.get_client().is_active() is was_on
    assert before is None or before.transport is transport
    assert get_session_manager().session_id is None
    get_telemetry_config().capture_message("afterwards")
    assert [event["message"] for event in outbox.events] == ["within"]
    assert [event["message"] for event in kept.payloads("event")] == ["afterwards"] * was_on


def test_what_waits_from_before_the_block_is_no_part_of_it() -> None:
    """A log record that an earlier test has left in the SDK's batch."""
    initialize_telemetry(
        dsn="https://key@telemetry.invalid/1", enabled=True, sentry_options={"enable_logs": True}
    )
    logger.info("from before")
    with collect_telemetry() as outbox:
        assert outbox.logs == []


def test_scopes_of_one_block_are_not_the_next_one_s() -> None:
    """A tag that one test sets is not in another's events."""
    for expected in ({"level": "mine"}, {}):
        with collect_telemetry() as outbox:
            if expected:
                sentry_sdk.set_tag("level", "mine")
            sentry_sdk.capture_message("hello")
            tags = outbox.events[0].get("tags") or {}
        assert {name: tags[name] for name in tags if name == "level"} == expected


def test_telemetry_that_is_switched_on_in_the_block_is_collected_and_off_afterwards() -> None:
    """Its settings hold, also where the block had switched telemetry on for lack of any."""
    kept = Kept()
    with collect_telemetry() as outbox:
        initialize_telemetry(
            dsn="https://key@telemetry.invalid/1",
            enabled=True,
            environment="mine",
            sentry_options={"transport": kept.transport},
        )
        sentry_sdk.capture_message("hello")
        assert [event["environment"] for event in outbox.events] == ["mine"]
    assert not get_telemetry_config().active
    assert kept.bodies == []


def test_the_hooks_and_options_of_the_application_are_real() -> None:
    """What a hook drops is not there, and what it adds has passed the gate."""

    def before_send(event: Any, _hint: Any) -> Any:
        event["transaction"] = f"renamed for {ADDRESS}"
        return None if event.get("message") == "drop me" else event

    initialize_telemetry(
        dsn="https://key@telemetry.invalid/1",
        enabled=True,
        sentry_options={"before_send": before_send},
    )
    with collect_telemetry() as outbox:
        sentry_sdk.capture_message("drop me")
        sentry_sdk.capture_message("keep me")
        assert [event["message"] for event in outbox.events] == ["keep me"]
        outbox.assert_no_leak(ADDRESS)


def test_a_block_in_a_block_collects_alone() -> None:
    """The outer one goes on where the inner one ends."""
    with collect_telemetry() as outer:
        sentry_sdk.capture_message("one")
        with collect_telemetry() as inner:
            sentry_sdk.capture_message("two")
        sentry_sdk.capture_message("three")
        assert [event["message"] for event in inner.events] == ["two"]
        assert [event["message"] for event in outer.events] == ["one", "three"]


def test_other_threads_are_collected(outbox: Outbox) -> None:
    """A block is the process's, not the context's."""
    thread = threading.Thread(target=sentry_sdk.capture_message, args=("from a thread",))
    thread.start()
    thread.join()
    assert len(outbox.events) == 1


def test_clear_forgets_what_was_sent(outbox: Outbox) -> None:
    """Also what has not yet arrived."""
    sentry_sdk.capture_message("hello")
    assert repr(outbox) == "<Outbox: 1 event>"
    outbox.clear()
    assert (outbox.items, outbox.bytes, repr(outbox)) == ([], b"", "<Outbox: empty>")


def test_the_message_names_value_item_field_and_rule_and_shows_no_value(outbox: Outbox) -> None:
    """And counts items as the outbox's properties do."""
    sentry_sdk.capture_message("first")
    _raise(f"no voucher for {NAME}")
    with pytest.raises(AssertionError) as failed:
        outbox.assert_no_leak(ADDRESS, NAME)
    assert str(failed.value) == (
        "1 of 2 values leaks, in 1 field\n"
        "\n"
        "value Xim… (13 characters)\n"
        "    events[1] exception.values.0.value  plain\n"
        "    Rule: none, for it has no pattern. Telemetry takes it out where the visitor sent it\n"
        "    or is logged in with it; elsewhere it takes a row of yours in TELEMETRY_DETECTORS."
    )
    assert NAME in outbox.events[1]["exception"]["values"][0]["value"]
    (leak,) = outbox.leaks(NAME)
    assert (leak.item_type, leak.form.name) == ("event", "plain")


def test_the_message_names_a_detector_that_is_switched_off() -> None:
    """The deliberate hole is named."""
    initialize_telemetry(
        dsn="https://key@telemetry.invalid/1", enabled=True, detectors={"email": False}
    )
    with collect_telemetry() as outbox:
        sentry_sdk.capture_message(f"mail to {ADDRESS}")
        with pytest.raises(AssertionError, match="TELEMETRY_DETECTORS has email off"):
            outbox.assert_no_leak(ADDRESS)


def test_the_message_names_a_client_without_a_gate() -> None:
    """An application that calls ``sentry_sdk.init`` itself is collected as it is."""
    sentry_sdk.init(dsn="https://key@telemetry.invalid/1", default_integrations=False)
    with collect_telemetry() as outbox:
        sentry_sdk.capture_message(f"mail to {ADDRESS}")
        with pytest.raises(AssertionError, match=r"email would have caught it, but the gate"):
            outbox.assert_no_leak(ADDRESS)


def test_records_are_counted_over_the_items_they_come_in() -> None:
    """``logs[2]`` is the third record, whichever item it came in."""
    initialize_telemetry(
        dsn="https://key@telemetry.invalid/1", enabled=True, sentry_options={"enable_logs": True}
    )
    with collect_telemetry() as outbox:
        for message in ("one", "two"):
            logger.info(message)
        outbox.flush()
        logger.info(f"three for {NAME}")
        with pytest.raises(AssertionError, match=r"logs\[2\] body"):
            outbox.assert_no_leak(NAME)
        assert NAME in outbox.logs[2]["body"]


def test_an_empty_outbox_proves_nothing(outbox: Outbox) -> None:
    """Unless one says that it may be empty."""
    with pytest.raises(AssertionError, match="nothing was sent"):
        outbox.assert_no_leak(ADDRESS)
    outbox.assert_no_leak(ADDRESS, allow_empty=True)


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ((), TypeError, "takes the values"),
        (("Bo",), ValueError, "at least 4 characters"),
        (("",), ValueError, "at least 4 characters"),
    ],
)
def test_a_claim_about_nothing_is_refused(
    outbox: Outbox, values: tuple[str, ...], error: type[Exception], says: str
) -> None:
    """It would hold, or fail, whatever was sent."""
    sentry_sdk.capture_message("hello")
    with pytest.raises(error, match=says):
        outbox.assert_no_leak(*values)


def test_a_client_of_which_nothing_is_collected_is_no_secret(outbox: Outbox) -> None:
    """``sentry_sdk.init`` within the block takes over what is captured from then on."""

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            pass

    with sentry_sdk.new_scope():
        sentry_sdk.init(
            dsn="https://key@telemetry.invalid/1", transport=Nowhere, default_integrations=False
        )
    with pytest.raises(TelemetryError, match=r"sentry_sdk\.init\(\) was called"):
        _ = outbox.events
    sentry_sdk.Scope.get_global_scope().set_client(None)


def test_wrong_settings_are_told_and_nothing_is_left_diverted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the setting, as at start-up."""
    monkeypatch.setenv("TELEMETRY_GPC", "maybe")
    with pytest.raises(SettingsError, match="TELEMETRY_GPC"), collect_telemetry():
        pass
    monkeypatch.delenv("TELEMETRY_GPC")
    initialize_telemetry(enabled=False)
    assert not get_telemetry_config().active


def test_an_error_in_the_block_is_the_block_s_own() -> None:
    """It comes out as it is, and telemetry is off again."""
    with pytest.raises(LookupError, match="mine"), collect_telemetry():
        raise LookupError("mine")
    assert not get_telemetry_config().active


def test_nothing_of_the_sdk_s_own_talk_stands_in_a_test_s_output(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In development the SDK prints all it does, and pytest would show that with each failure."""
    with caplog.at_level(logging.DEBUG), collect_telemetry():
        sentry_sdk.capture_message("hello")
    assert capfd.readouterr().err == ""
    assert [record for record in caplog.records if "sentry" in record.name] == []


def test_canaries_are_others_each_time_and_all_named() -> None:
    """Whoever finds one knows of which kind it is."""
    first, second = Canaries(), Canaries()
    assert not {each.value for each in first} & {each.value for each in second}
    assert all(isinstance(each, Planted) and len(each.value) >= 8 for each in first)
    assert {"email", "first name", "card"} <= {each.kind for each in first}
    assert first.name == f"{first.first_name} {first.last_name}"


@pytest.mark.parametrize(
    ("kind", "token"),
    [("email", "[EMAIL]"), ("card", "[CARD]"), ("ip", "[IP]"), ("phone", "[PHONE]")],
)
def test_canaries_look_like_the_real_thing(kind: str, token: str) -> None:
    """A detector that checks digits takes them, whatever the draw."""
    for seed in range(50):
        value = getattr(Canaries(random.Random(seed)), kind)
        assert PIIFilter().filter_string(f"see {value} there") == f"see {token} there"


def test_only_test_clients_can_be_planted() -> None:
    """Anything else is a mistake, and told."""
    with pytest.raises(TypeError, match=r"test client.*got object"):
        Canaries().plant(object())
