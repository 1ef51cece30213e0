"""Without consent nothing of a request leaves; a privacy signal leaves errors without a session."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sentry_sdk
from capturing import Kept
from django_calls import Answer, call_wsgi, flushed, reporting

Call = Callable[..., Answer]

RECORDED = {"TELEMETRY_TRACES_SAMPLE_RATE": 1.0, "TELEMETRY_SENTRY_OPTIONS": {"enable_logs": True}}


def kinds(kept: Kept) -> Counter[str]:
    return Counter(str(item.type) for item in flushed(kept).items())


def raises(request: Any) -> bool:
    raise LookupError("no consent service")


def says_so_and_raises(request: Any) -> bool:
    """Fails as real services do: with a word to the log."""
    logging.getLogger("consent").error("no answer for %s", request.get_full_path())
    sentry_sdk.capture_message("no answer")
    raise LookupError("no consent service")


async def answers_later(request: Any) -> bool:
    return True


REFUSALS = [
    (lambda request: False, "no"),
    (lambda request: None, "no answer"),
    (lambda request: "yes", "an answer that is not True"),
    (lambda request: request.session["consent"], "a session that is not there yet"),
    (raises, "an error"),
    (says_so_and_raises, "an error and a log of it"),
    (lambda request: answers_later(request), "a coroutine"),  # noqa: PLW0108  # as it is hidden
]


@pytest.mark.parametrize("consent", [row[0] for row in REFUSALS], ids=[row[1] for row in REFUSALS])
def test_without_consent_nothing_leaves(call: Call, consent: Callable[[Any], Any]) -> None:
    """Not an error, log, metric, span or message, and the visitor is shown no code to quote."""
    with reporting(TELEMETRY_CONSENT=consent, **RECORDED) as kept:
        assert call("/record/").status == 500
        assert b'"attribute": null' in call("/tell/").body
        assert kinds(kept) == {}


def test_with_consent_everything_leaves(call: Call) -> None:
    """The same request, agreed to: so the test above can fail."""
    with reporting(TELEMETRY_CONSENT=lambda request: True, **RECORDED) as kept:
        call("/record/")
        found = kinds(kept)
    assert found["event"] == 4
    assert found["transaction"] == 1
    assert found["log"] >= 1


def test_consent_is_asked_for_once_a_request_and_before_anything(call: Call) -> None:
    """The callable is given Django's request, of which it can read the cookies."""
    asked: list[str] = []

    def consent(request: Any) -> bool:
        asked.append(request.COOKIES.get("consent", ""))
        return asked[-1] == "yes"

    with reporting(TELEMETRY_CONSENT=consent) as kept:
        for answer in ("no", "yes"):
            call("/sync/x/", headers={"Cookie": f"consent={answer}"})
        assert len(flushed(kept).payloads("event")) == 1
    assert asked == ["no", "yes"]


def test_no_consent_of_one_request_is_none_of_the_next(call: Call) -> None:
    """The silent client goes with its request, and writes nothing to the process's scopes."""
    with reporting(
        TELEMETRY_CONSENT=lambda request: "consent" in request.COOKIES, **RECORDED
    ) as kept:
        call("/record/")
        call("/record/", headers={"Cookie": "consent=1"})
        logs = [log for item in flushed(kept).payloads("log") for log in item["items"]]
    assert kinds(kept)["event"] == 4
    environments = [log["attributes"]["sentry.environment"]["value"] for log in logs]
    assert set(environments) == {"testing"}


def test_a_body_streamed_without_consent_stays_silent() -> None:
    """The decision holds until the last piece."""
    with reporting(TELEMETRY_CONSENT=lambda request: False, **RECORDED) as kept:
        assert isinstance(call_wsgi("/stream-error/x/").failure, ValueError)
        assert kinds(kept) == {}


SIGNALS = [
    ("anonymise", {"Sec-GPC": "1"}, {"event": 4}, "errors only"),
    ("anonymise", {"DNT": "1"}, {"event": 4}, "the older signal means the same"),
    ("drop", {"Sec-GPC": "1"}, {}, "nothing"),
    ("ignore", {"Sec-GPC": "1"}, None, "as if there were no signal"),
    ("anonymise", {"Sec-GPC": "0"}, None, "no signal"),
]


@pytest.mark.parametrize(
    ("meaning", "headers", "expected"),
    [row[:3] for row in SIGNALS],
    ids=[f"{row[0]} {row[1]}: {row[3]}" for row in SIGNALS],
)
def test_a_privacy_signal_means_what_the_setting_says(
    call: Call, meaning: str, headers: dict[str, str], expected: dict[str, int] | None
) -> None:
    """``anonymise`` sends errors with no session id, ``drop`` nothing, ``ignore`` all."""
    with reporting(TELEMETRY_GPC=meaning, **RECORDED) as kept:
        call("/record/", headers=headers)
        found = kinds(kept)
    if expected is None:
        assert found["transaction"] == 1
        return
    assert found == expected
    for event in kept.payloads("event"):
        assert "user" not in event
        assert "session_id" not in event.get("tags", {})
